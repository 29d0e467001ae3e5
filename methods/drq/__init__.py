"""DrQ: data-regularised Q-learning from images (Yarats, Kostrikov and Fergus, 2021)."""
