"""How the scores of the task `image_classification` are computed."""
