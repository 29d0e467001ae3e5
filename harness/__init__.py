"""Standardized tasks that ask whether a paper's claim holds: plan, run, store, compare, judge."""

__version__ = "0.1.0"
