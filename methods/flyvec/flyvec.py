"""The entrant FlyVec: trains the cells on all windows of a text, and computes codes of words alone and in context."""

from typing import Annotated, Literal

import numpy as np
import torch
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray
from torch import Tensor

from harness.run import Run
from harness.tasks.word_similarity import Codes, Corpus, WordEmbedder, code_bits, most_active
from methods.flyvec.network import KenyonCells
from methods.flyvec.windows import Windows, centres, stop_words

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]


class FlyVec(WordEmbedder):
    """Binary word codes from a fruit-fly network (Liang et al., 2021).

    A window activates the neurons of its context words and, in a second block of neurons, that of its centre word. The
    cell with the largest <W, v> wins and learns v/p (section 2). The code of a word are the k cells that it activates
    most: through the centre block if the word is alone, through both blocks if it is in context.

    `units`: the number of cells. `hash_length`: the number of active bits of the codes that `vectors` returns. `rate`:
    the learning rate of the first mini-batch, which falls linearly to 0. `sigma`: the standard deviation of the initial
    weights. `batch`: the windows in a mini-batch, fewer if a pass would otherwise have less than `updates`
    mini-batches. `stop_mass`: the most frequent words that together make up this share of the text activate nothing,
    and no window has one in its centre, but they hold their places. The paper prunes `duplicates` of a word in a
    context and takes `plain` steps, which need a `rate` below the probability of the rarest word. The authors' code
    counts duplicates and takes `max_norm` steps, with a rate of 0.002, a `sigma` of 0.02 and a list of stop words.
    """

    name = "flyvec"
    search_space = {"rate": (0.05, 2.0), "sigma": (5e-4, 0.05), "batch": (500, 20_000)}

    units: Annotated[int, Gt(0)] = 400
    hash_length: Annotated[int, Gt(0)] = 50
    rate: Annotated[float, Gt(0)] = 0.5
    sigma: Annotated[float, Gt(0)] = 0.002
    batch: Annotated[int, Gt(0)] = 10_000
    updates: Annotated[int, Gt(0)] = 50
    stop_mass: Annotated[float, Ge(0), Le(1)] = 0.5
    duplicates: Literal["pruned", "counted"] = "pruned"
    step: Literal["max_norm", "plain"] = "max_norm"

    def fit(self, train: Corpus, run: Run, /) -> None:
        """Draws the cells' weights and trains them for all passes of the budget."""
        self._draw(train, run)
        self._learn(train, run)

    def vectors(self) -> F32:
        """F32[V units]: the codes with `hash_length` active bits."""
        return self.codes(self.hash_length).astype(np.float32)

    def codes(self, k: int) -> Codes:
        """Bool[V units]: the k cells with the largest weights from each word's centre neuron."""
        return most_active(self._weights[len(self._weights) // 2 :], k)

    def bits(self, k: int) -> float:
        """The log2 of the number of ways to choose k cells."""
        return code_bits(self.units, k)

    def contextual(self, tokens: I64, position: I64) -> F32:
        """F32[n units]: the codes with `hash_length` active bits; zeros where no neuron is active."""
        positions = position[:, None] + np.delete(np.arange(-self._radius, self._radius + 1), self._radius)
        inside = (positions >= 0) & (positions < tokens.shape[1])
        context = np.where(inside, np.take_along_axis(tokens, positions.clip(0, tokens.shape[1] - 1), axis=1), -1)
        centre = tokens[np.arange(len(tokens)), position]
        inputs = self._windows.inputs(*(torch.from_numpy(words).to(self._device) for words in (context, centre)))
        activations = self._cells.activations(inputs).cpu().numpy()
        return (most_active(activations, self.hash_length) & activations.any(axis=1, keepdims=True)).astype(np.float32)

    def _draw(self, train: Corpus, run: Run) -> None:
        """Draws untrained cells for the vocabulary, and determines its stop words."""
        counts = train.counts
        self._radius, self._device = train.radius, run.device
        self._stops = stop_words(counts, self.stop_mass)
        self._windows = Windows(self._stops, self.duplicates, run.device)
        probability = torch.from_numpy(np.tile(counts / counts.sum(), 2)).to(run.device)
        shape = len(probability), self.units
        drawn = torch.randn(shape, generator=run.torch_rng("init"), device=run.device)
        self._cells = KenyonCells(drawn * self.sigma, probability)
        self._weights: F32 = self._cells.weights.cpu().numpy()

    def _learn(self, train: Corpus, run: Run) -> None:
        candidates = centres(train.sentences, train.radius)
        candidates = candidates[~self._stops[train.tokens[candidates]]]
        if not len(candidates):
            raise ValueError(f"no sentence is as long as a window of {2 * train.radius + 1} words")
        size = min(self.batch, max(1, len(candidates) // self.updates))
        text, positions = (
            torch.tensor(array, dtype=torch.int64, device=run.device) for array in (train.tokens, candidates)
        )
        offsets = torch.arange(-train.radius, train.radius + 1, device=run.device)
        offsets = offsets[offsets != 0]

        def inputs(at: Tensor) -> Tensor:
            return self._windows.inputs(text[at[:, None] + offsets], text[at])

        def shuffled() -> Tensor:
            return positions[torch.randperm(len(positions), generator=run.torch_rng("order"), device=run.device)]

        probe = inputs(shuffled()[:size])
        run.log(energy=self._cells.energy(probe))
        done, steps = 0, train.passes_in(run) * -(-len(positions) // size)
        for _ in train.passes(run):
            for at in torch.split(shuffled(), size):
                self._cells.learn(inputs(at), self.rate * (1 - done / steps), self.step)
                done += 1
            run.log(energy=self._cells.energy(probe))
        self._weights = self._cells.weights.cpu().numpy()
