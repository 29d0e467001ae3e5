"""FlyVec: sparse binary word codes learned by a network modelled on the fruit fly's mushroom body."""
