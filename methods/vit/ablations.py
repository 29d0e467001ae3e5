"""ViT with one choice undone."""

from typing import Literal

from methods.vit.vit import Vit


class VitNoPosition(Vit):
    """ViT without position embeddings, which sees a bag of patches."""

    name = "vit_no_position"
    from_tier = "small"
    cases = ("n100", "n16000", "cifar10")
    position: Literal["none", "1d", "2d"] = "none"


class VitTwoDimensional(Vit):
    """ViT with an embedding for each row and each column instead of one for each place in the sequence."""

    name = "vit_2d"
    from_tier = "small"
    cases = ("n100", "resolution_digits", "n16000", "cifar10")
    position: Literal["none", "1d", "2d"] = "2d"
