"""The data of the task `ood_dynamics`: its types, and the generators and readers of its cases."""
