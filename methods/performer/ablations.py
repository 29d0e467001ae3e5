"""FAVOR+ with one choice undone."""

from typing import Literal

from methods.performer.performer import Performer


class PerformerIid(Performer):
    """FAVOR+ with independent instead of orthogonal features."""

    name = "performer_iid"
    from_tier = "small"
    cases = ("approximation", "scaling")
    projection: Literal["orthogonal", "iid", "raw_qr"] = "iid"


class PerformerRawQr(Performer):
    """FAVOR+ with the signs that the QR decomposition gives, which biases its estimates."""

    name = "performer_raw_qr"
    from_tier = "small"
    cases = ("approximation", "scaling")
    projection: Literal["orthogonal", "iid", "raw_qr"] = "raw_qr"


class PerformerTrigonometric(Performer):
    """FAVOR+ with trigonometric instead of positive features."""

    name = "performer_trigonometric"
    from_tier = "small"
    cases = ("approximation", "scaling")
    kernel: Literal["positive", "hyperbolic", "trigonometric"] = "trigonometric"
