"""How linkers are scored."""
