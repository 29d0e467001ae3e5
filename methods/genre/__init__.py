"""GENRE: autoregressive entity retrieval (De Cao et al., 2021)."""
