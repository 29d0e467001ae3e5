"""Performer: attention in linear time by FAVOR+, "fast attention via positive orthogonal random features" (Choromanski
et al., 2021)."""
