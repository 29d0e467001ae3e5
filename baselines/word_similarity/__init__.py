"""Baselines of the task `word_similarity`: dense vectors, and codes made from the seed's shared dense vectors."""
