"""The texts of the task `mlm`: words, pieces of words, n-grams, and what is masked to evaluate."""
