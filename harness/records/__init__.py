"""What is stored of runs, and the tables that are read from it."""
