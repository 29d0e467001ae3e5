"""The tasks, each in a folder of its own with the same rooms.

At the top stand the card (`task.toml`), what reports show (`figures.toml`), the protocol (`task.py`), what entrants
implement (`interface.py`), the problem of each case (`data.py`), the accepted smoke scores (`smoke.json`) and a
`README.md`. What else a task needs stands in
`problems` (the types, generators and readers of its data), `models` (the networks and other models that are the same
for all entrants), `training` (how these are trained) and `scores` (how scores are computed). An import contract holds
the rooms to this order: `task`, `data`, `scores`, `interface`, `training`, `models`, `problems`.
"""
