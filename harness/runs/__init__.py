"""Planning runs and doing them."""
