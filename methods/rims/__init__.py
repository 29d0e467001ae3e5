"""Recurrent independent mechanisms: modules that compete by attention to be active (Goyal et al., 2021)."""
