"""The data: the catalogue of real data sets, how they are fetched and verified, their readers; and Atlas, generated
text."""
