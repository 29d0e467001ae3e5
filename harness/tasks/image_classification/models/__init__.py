"""The models of the task `image_classification` that are the same for every entrant."""
