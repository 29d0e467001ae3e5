"""Tables of records, and their formats."""
