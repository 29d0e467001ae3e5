"""The data of the task `entity_linking`: its types, and the generators and readers of its cases."""
