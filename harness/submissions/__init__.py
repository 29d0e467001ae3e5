"""Records that others made: bundles of them, how they are verified, and how they are merged."""
