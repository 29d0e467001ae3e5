"""Checks of entrants (conformance) and of code against committed scores (golden scores)."""
