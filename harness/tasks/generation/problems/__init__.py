"""The data of the task `generation`: its images and its distribution with a known density."""
