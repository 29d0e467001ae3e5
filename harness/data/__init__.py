"""Data: the catalogue of real sets, how they are got and verified, their readers; and Atlas, the generated world."""
