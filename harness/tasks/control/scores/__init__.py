"""How agents are scored: episodes of evaluation, and the fit of critics."""
