"""The networks of the agents, the same for every treatment of observations."""
