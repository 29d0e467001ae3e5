"""Executors: how jobs become processes. `local` is the one there is; a cluster's would stand beside it."""
