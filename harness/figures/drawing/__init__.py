"""Draws the contents of figures with matplotlib, whose constrained layout places panels, colour bars and legends."""
