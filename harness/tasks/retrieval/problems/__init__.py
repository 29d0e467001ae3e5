"""The data of the task `retrieval`: its types, and the generators and readers of its cases."""
