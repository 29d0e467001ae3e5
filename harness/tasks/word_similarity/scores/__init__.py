"""How the scores of the task `word_similarity` are computed."""
