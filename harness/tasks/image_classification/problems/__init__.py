"""The data of the task `image_classification`: its types, and the generators and readers of its cases."""
