"""FlyVec: sparse binary word codes from a network that is modelled on the fruit fly's mushroom body (Liang et al.,
2021)."""
