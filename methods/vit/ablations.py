"""ViT with one choice undone."""

from typing import Literal

from methods.vit.vit import Vit


class VitNoPosition(Vit):
    """ViT that does not know where a patch lies: it sees a bag of patches."""

    name = "vit_no_position"
    from_tier = "small"
    cases = ("n100", "n16000", "cifar10")
    position: Literal["none", "1d", "2d"] = "none"


class VitTwoDimensional(Vit):
    """ViT whose positions are a row and a column, each with an embedding, instead of places in a sequence."""

    name = "vit_2d"
    from_tier = "small"
    cases = ("n100", "resolution_digits", "n16000", "cifar10")
    position: Literal["none", "1d", "2d"] = "2d"
