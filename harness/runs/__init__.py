"""Which runs there are, and doing them."""
