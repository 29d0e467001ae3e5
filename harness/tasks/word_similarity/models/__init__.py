"""The models of the task `word_similarity` that are the same for every entrant."""
