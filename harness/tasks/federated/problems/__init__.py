"""The data of the task `federated`: its types, and the generators and readers of its cases."""
