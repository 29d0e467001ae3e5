"""Executors: they run jobs in processes. `local` does so on this machine, `cluster` on others, through an engine.

What both have in common is in `base`. A worker (`serving`) does each run by the local executor. `orders` says what a
run needs, and `placing` which worker does it. Only `engine`, `member`, `cluster`, `delegation` and `slurm` import
dask's packages.
"""
