"""ViT with one choice undone."""

from typing import Literal

from methods.vit.vit import Vit


class VitNoPosition(Vit):
    """ViT that does not know where a patch lies: it sees a bag of patches."""

    name = "vit_no_position"
    from_tier = "small"
    cases = ("n16000", "n100")
    position: Literal["none", "1d", "2d"] = "none"
