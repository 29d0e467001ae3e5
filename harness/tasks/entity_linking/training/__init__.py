"""How the models of the task `entity_linking` are trained."""
