"""Recurrent independent mechanisms: modules that compete to be active, by attention (Goyal et al., 2021)."""
