"""Executors: they run jobs in processes. `local` is the only one; an executor for a cluster would stand beside it."""
