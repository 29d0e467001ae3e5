"""How generated images are scored."""
