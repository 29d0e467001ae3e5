"""The papers' methods, a folder a paper."""
