"""Random streams drawn from a hash of named axes, so that nothing depends on the order in which they are asked for."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.core.canonical import canonical

if TYPE_CHECKING:
    import torch


def derive(**axes: str | int) -> int:
    """A seed in [0, 2^63) from named axes: equal axes, equal seed; any axis changed, an unrelated seed."""
    return int.from_bytes(hashlib.sha256(canonical(axes)).digest()[:8]) >> 1


class Streams:
    """The random streams of one seed of one task.

    A stream is named by what it is for ("data", "init", "order"). It depends neither on the entrant, so that runs of
    one seed are paired by construction, nor on the case, so that a small training set is a prefix of a large one.
    Asking again for a stream gives the same generator, which goes on from its present state; `fresh` starts all streams
    anew.
    """

    def __init__(self, task: str, seed: int, purpose: str = "run") -> None:
        self._task, self._seed, self._purpose = task, seed, purpose
        self._numpy: dict[str, np.random.Generator] = {}
        self._torch: dict[tuple[str, str], torch.Generator] = {}

    def seed(self, stream: str) -> int:
        """The integer seed of a stream, for libraries that take no generator."""
        return derive(task=self._task, seed=self._seed, purpose=self._purpose, stream=stream)

    def rng(self, stream: str) -> np.random.Generator:
        """The numpy generator of a stream."""
        if stream not in self._numpy:
            self._numpy[stream] = np.random.default_rng(self.seed(stream))
        return self._numpy[stream]

    def torch_rng(self, stream: str, device: str = "cpu") -> "torch.Generator":
        """The torch generator of a stream on a device."""
        import torch

        if (stream, device) not in self._torch:
            self._torch[stream, device] = torch.Generator(device).manual_seed(self.seed(stream))
        return self._torch[stream, device]

    def state_dict(self) -> dict[str, Any]:
        """The present states of all generators."""
        return {
            "numpy": {stream: generator.bit_generator.state for stream, generator in self._numpy.items()},
            "torch": [(*name, generator.get_state()) for name, generator in self._torch.items()],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Set the generators to the states that they had; whoever holds one of them holds it still."""
        for stream, state in state_dict["numpy"].items():
            self.rng(stream).bit_generator.state = state
        for stream, device, state in state_dict["torch"]:
            self.torch_rng(stream, device).set_state(state)

    def fresh(self, purpose: str) -> "Streams":
        """The same task and seed for another purpose, every stream at its beginning."""
        return Streams(self._task, self._seed, purpose)
