"""How the network of the task `mlm` is trained, given the units that a masking makes."""
