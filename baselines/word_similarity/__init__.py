"""Baselines of the task `word_similarity`: dense vectors, and codes made of the seed's shared dense vectors."""
