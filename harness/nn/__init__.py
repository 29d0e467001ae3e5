"""Parts of models, and the training loop, that tasks hold constant for all entrants."""
