"""The data of the task `long_range`: its types, and the generators and readers of its cases."""
