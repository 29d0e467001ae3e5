"""The tasks. Every folder has the same rooms: task.toml, task.py, interface.py, data.py, smoke.json, README.md."""
