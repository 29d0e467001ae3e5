"""The page of a tier: tables, figures and verdicts together."""
