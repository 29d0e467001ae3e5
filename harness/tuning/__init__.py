"""Tuning: which trials there are, which of them won, and whether what was written of them still holds."""
