"""Tuning: trials, which of them won, and whether the committed choices still hold."""
