"""Environments, the raster worlds, and fixed replays."""
