"""`Replay`, which stores each frame once, and the `Minibatch`es that are drawn from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor


@dataclass(frozen=True)
class Frames:
    """The observations of a minibatch: of `stack` frames each, which the replay holds with a border of `pad` pixels.

    `windows` [N c 2pad+1 2pad+1 h w] are all crops of all frames, without a copy; `index` I64[B stack].
    """

    windows: np.ndarray
    index: np.ndarray
    pad: int
    device: str = "cpu"

    def __len__(self) -> int:
        return len(self.index)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """[B stack*c h w]: the shape of the observations."""
        batch, stack = self.index.shape
        return (batch, stack * self.windows.shape[1], *self.windows.shape[-2:])

    def crop(self, offsets: np.ndarray) -> Tensor:
        """[B stack*c h w]: the crops that begin at offsets I64[B 2] (down, across) in 0 ... 2pad, one for all frames
        and channels of an observation. The offset (pad, pad) leaves the observation as it was."""
        down, across = offsets[:, :1], offsets[:, 1:]
        cropped = self.windows[self.index, :, down, across]
        return torch.from_numpy(cropped.reshape(len(self), -1, *cropped.shape[-2:])).to(self.device)

    def crop_at_random(self, rng: np.random.Generator) -> Tensor:
        """[B stack*c h w]: crops at offsets that are all equally likely: each observation is moved by up to `pad`
        pixels down or up and to either side, and what comes in at an edge repeats the edge."""
        return self.crop(rng.integers(2 * self.pad + 1, size=(len(self), 2)))

    def centre(self) -> Tensor:
        """[B stack*c h w]: the observations as they were shown."""
        return self.crop(np.full((len(self), 2), self.pad))


class Minibatch(NamedTuple):
    """Transitions, n steps long: `rewards` F32[B] are the discounted rewards on the way from `now` to `later`, and
    `discounts` F32[B] what the value of `later` counts for (0 where the episode terminated). `actions` are F32[B a] or
    I64[B]; `rows` I64[B] are the transitions' numbers in order of insertion, counting all frames. `weights` F32[B] are
    what each counts for in the loss."""

    now: Frames
    later: Frames
    actions: Tensor
    rewards: Tensor
    discounts: Tensor
    rows: np.ndarray
    weights: Tensor | float = 1.0


class Replay:
    """The last `capacity` frames and what was done in between, from which minibatches are drawn uniformly.

    A frame is stored once, with a border of `pad` pixels that repeat its edge. An observation is the last `stack`
    frames of its episode; before its beginning, the first frame is repeated. A transition that reaches beyond the last
    frame of an episode, or beyond what has been stored so far, ends there. What was truncated is bootstrapped.
    """

    def __init__(
        self, frame: np.ndarray, action: np.ndarray, *, capacity: int, stack: int = 1, pad: int = 0, device: str = "cpu"
    ) -> None:
        """`frame` [c h w] and `action` show shapes and dtypes."""
        height, width = frame.shape[1:]
        self._padded = tuple(np.clip(np.arange(-pad, side + pad), 0, side - 1) for side in (height, width))
        self._frames = np.zeros((capacity, len(frame), height + 2 * pad, width + 2 * pad), frame.dtype)
        self._windows = sliding_window_view(self._frames, (height, width), axis=(2, 3))
        self._actions = np.zeros((capacity, *action.shape), action.dtype)
        self._rewards = np.zeros(capacity, np.float32)
        self._first = np.zeros(capacity, np.int64)
        self._is_last, self._is_terminal = np.ones(capacity, np.bool_), np.zeros(capacity, np.bool_)
        self._capacity, self._stack, self._pad, self._device = capacity, stack, pad, device
        self._added = 0

    def __len__(self) -> int:
        """The number of frames that are stored."""
        return min(self._added, self._capacity)

    def begin(self, frame: np.ndarray) -> None:
        """Store the first frame of an episode."""
        self._store(frame, self._added)

    def add(self, action: np.ndarray, reward: float, frame: np.ndarray, *, terminated: bool) -> None:
        """Store an action, its reward, and the frame that it led to."""
        last = (self._added - 1) % self._capacity
        self._actions[last], self._rewards[last], self._is_last[last] = action, reward, False
        self._store(frame, int(self._first[last]))
        self._is_terminal[(self._added - 1) % self._capacity] = terminated

    def sample(self, batch: int, rng: np.random.Generator, *, discount: float, steps: int = 1) -> Minibatch:
        """`batch` transitions of `steps` steps each, with replacement. Raises `ValueError` if none is stored."""
        rows = self._rows(batch, rng)
        rewards, discounts = np.zeros(batch, np.float32), np.ones(batch, np.float32)
        later, alive = rows.copy(), np.ones(batch, np.bool_)
        for _ in range(steps):
            slots = later % self._capacity
            alive &= ~self._is_last[slots]
            rewards += np.where(alive, discounts * self._rewards[slots], 0)
            discounts *= np.where(alive, np.float32(discount), 1)
            later += alive
        discounts *= ~self._is_terminal[later % self._capacity]
        actions = self._actions[rows % self._capacity]
        acted, rewarded, discounted = (torch.from_numpy(x).to(self._device) for x in (actions, rewards, discounts))
        return Minibatch(self._observations(rows), self._observations(later), acted, rewarded, discounted, rows)

    def learned(self, batch: Minibatch, losses: Tensor) -> None:
        """Take note of what was learned from a minibatch: the losses F32[B] of its transitions, or F32[] of all of
        them. Transitions that are drawn uniformly do not depend on it."""

    def state_dict(self) -> dict[str, Any]:
        """What learning has changed; nothing where transitions are drawn uniformly."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Set what learning had changed in a replay that stores the same."""

    def _store(self, frame: np.ndarray, first: int) -> None:
        slot = self._added % self._capacity
        down, across = self._padded
        self._frames[slot] = frame[:, down[:, None], across]
        self._first[slot], self._is_last[slot], self._is_terminal[slot] = first, True, False
        self._added += 1

    def _rows(self, batch: int, rng: np.random.Generator) -> np.ndarray:
        """Numbers I64[batch] of frames that an action followed and whose stack is still stored."""
        low = self._least_row()
        rows = np.empty(0, np.int64)
        while len(rows) < batch:
            drawn = rng.integers(low, self._added, size=2 * batch)
            rows = np.concatenate([rows, drawn[~self._is_last[drawn % self._capacity]]])
        return rows[:batch]

    def _least_row(self) -> int:
        """The number of the first frame whose stack is still stored. Raises `ValueError` if no transition is."""
        oldest = self._added - len(self)
        low = oldest + (self._stack - 1 if oldest else 0)
        if low >= self._added or self._is_last[np.arange(low, self._added) % self._capacity].all():
            raise ValueError("the replay holds no transition")
        return low

    def _observations(self, rows: np.ndarray) -> Frames:
        earlier = rows[:, None] - np.arange(self._stack - 1, -1, -1)
        index = np.maximum(earlier, self._first[rows % self._capacity][:, None])
        return Frames(self._windows, index % self._capacity, self._pad, self._device)
