"""When an attention draws anew what is random in it."""

from torch import Tensor, nn


def is_redraw_due(module: nn.Module, passes: Tensor, every: int) -> bool:
    """Whether a module draws anew before the pass that begins: every so many passes (0 = never), not before the first.

    Counts the pass in `passes`, I64[], a buffer of the module, in place. Only training passes count.
    """
    if not (module.training and every):
        return False
    due = bool(passes > 0 and passes % every == 0)
    passes += 1
    return due
