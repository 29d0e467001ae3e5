"""PMI-Masking: words that occur together are masked together (Levine et al., 2021)."""
