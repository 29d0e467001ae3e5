"""How agents learn: the replay, the updates of their networks, and the loop of interaction."""
