"""Executors: they run jobs in processes. `local` does so on this machine, `cluster` on others, through an engine.

What both have in common is in `base`. A worker (`serving`) does each run by the local executor; `orders` and `placing`
say what a run needs and which worker does it; of dask.distributed know only `engine`, `member` and `cluster`.
"""
