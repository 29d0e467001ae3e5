"""The network of the task `mlm`, which is the same for every masking."""
