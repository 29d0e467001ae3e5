"""When an attention draws its random projections anew."""

from torch import Tensor, nn


def is_redraw_due(module: nn.Module, passes: Tensor, every: int) -> bool:
    """Whether a module is to draw anew before the current pass: before every `every`-th training pass, but not before
    the first; never if `every` is 0.

    Adds the current pass to `passes`, I64[], a buffer of the module, in place. Passes outside training are not counted.
    """
    if not (module.training and every):
        return False
    due = bool(passes > 0 and passes % every == 0)
    passes += 1
    return due
