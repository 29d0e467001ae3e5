"""What is checked of entrants and of committed code."""
