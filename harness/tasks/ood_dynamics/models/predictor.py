"""The network around the core, which is the same for every core; its training and its predictions."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from harness.core.task import checked_instance, checked_number, checked_parts
from harness.nn.returned import returned_tensor
from harness.nn.training import TrainingOptions, evaluating, shuffled_batches, train
from harness.run import Run
from harness.tasks.ood_dynamics.models.core import Core
from harness.tasks.ood_dynamics.problems.sequences import Dataset, Films, Sequences

ANSWER_BATCH = 256
"""The number of sequences that are processed at a time."""

Items = TypeVar("Items", Sequences, Films)


class BuildCore(Protocol):
    """Builds a core; `RecurrentCore.build` documents it."""

    def __call__(self, inputs: int, weights: int, width: int) -> Core[Any]: ...


def predictor(items: Dataset, settings: Mapping[str, Any], build: BuildCore) -> "Predictor[Any]":
    """The network for the given sequences or films, with a core in it, sized by a run's settings."""
    if isinstance(items, Films):
        return FramePredictor(items, settings, build)
    return SymbolPredictor(items, settings, build)


class Predictor(nn.Module, Generic[Items]):
    """Embeds the input of each step, runs the core over the embeddings, and reads its outputs out. In training, dropout
    is applied to the embedding and to the core's output."""

    def __init__(self, embed: nn.Module, core: Core[Any], read: nn.Module, dropout: float) -> None:
        super().__init__()
        self.embed = nn.Sequential(embed, nn.Dropout(dropout))
        self.core = core
        self.read = nn.Sequential(nn.Dropout(dropout), read)

    def outputs(self, inputs: Tensor) -> tuple[Tensor, Any]:
        """inputs [n T ...] -> outputs F32[n T width], last state; starting from the initial state."""
        embedded: Tensor = self.embed(inputs)
        scanned = self.core.scan(embedded, self.core.initial(len(inputs)))
        outputs, state = checked_parts("scan", scanned, 2)
        return returned_tensor("scan", outputs, (*embedded.shape[:2], self.core.width)), state

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """x F32[n i], state -> output F32[n width], next state: one step of the core."""
        output, state = checked_parts("step", self.core.step(x, state), 2)
        return returned_tensor("step", output, (len(x), self.core.width)), state

    @abstractmethod
    def batch_loss(self, items: Items, device: str) -> Callable[[Tensor], Tensor]:
        """The loss, a scalar, as a function of rows I64[batch] of the items."""

    def predict(self, symbols: np.ndarray, steps: int) -> np.ndarray:
        """F32[n steps classes]: the logits at the last steps of symbols I64[n T]. Raises `TypeError` in a network for
        films."""
        raise TypeError("this network was trained on films; ask for a rollout")

    def rollout(self, frames: np.ndarray, steps: int) -> np.ndarray:
        """F32[n steps h w]: the logits of the frames that follow frames U8[n T h w]. Raises `TypeError` in a network
        for symbols."""
        raise TypeError("this network was trained on symbols; ask for a prediction")

    def learn(self, items: Items, run: Run, lr: float) -> None:
        """Train until the budget ends, by the run's settings and with `lr` as the peak of the learning rate. A sequence
        costs one example, and every epoch has a new order."""
        batch = run.settings["batch"]
        order = shuffled_batches(len(items), batch, run.torch_rng("order"))
        names = ("warmup", "decay", "weight_decay", "clip")
        options = TrainingOptions(lr=lr, **{name: run.settings[name] for name in names})
        train(self, order, self.batch_loss(items, run.device), run, cost=batch, options=options, state={})

    def activity(self, items: np.ndarray) -> np.ndarray:
        """Bool[n T modules]: whether each module was active at each step."""
        return self._apply_in_batches(items, self._active)

    def _active(self, inputs: Tensor) -> Tensor:
        state, active = self.core.initial(len(inputs)), []
        for step_input in self.embed(inputs).unbind(1):
            _, state = self.step(step_input, state)
            active.append(returned_tensor("active", self.core.active(state), (len(inputs), None), "b"))
        return torch.stack(active, dim=1)

    def _apply_in_batches(self, items: np.ndarray, function: Callable[[Tensor], Tensor]) -> np.ndarray:
        """The results of a function of batches of items, for all items."""
        device = next(self.parameters()).device
        with evaluating(self):
            parts = [function(torch.tensor(rows, device=device)) for rows in _batches(items)]
        results: np.ndarray = torch.cat(parts).cpu().numpy()
        return results


class SymbolPredictor(Predictor[Sequences]):
    """The network for symbols: every symbol has an embedding vector, and outputs are read out linearly."""

    def __init__(self, items: Sequences, settings: Mapping[str, Any], build: BuildCore) -> None:
        embed = nn.Embedding(items.vocabulary, settings["embedding"])
        core = _build_core(build, settings)
        super().__init__(embed, core, nn.Linear(core.width, items.classes), settings["dropout"])

    def forward(self, symbols: Tensor, steps: int) -> Tensor:
        """symbols I64[n T] -> logits F32[n steps classes] at the last steps."""
        outputs, _ = self.outputs(symbols)
        logits: Tensor = self.read(outputs[:, -steps:])
        return logits

    def batch_loss(self, items: Sequences, device: str) -> Callable[[Tensor], Tensor]:
        """The cross-entropy, a mean over all steps that have a target."""
        symbols, targets = (torch.tensor(array, device=device) for array in (items.symbols, items.targets))

        def loss(rows: Tensor) -> Tensor:
            batch_targets = targets[rows].long()
            logits = self(symbols[rows].long(), batch_targets.shape[1])
            return nn.functional.cross_entropy(logits.flatten(0, 1), batch_targets.flatten())

        return loss

    def predict(self, symbols: np.ndarray, steps: int) -> np.ndarray:
        return self._apply_in_batches(symbols, lambda rows: self(rows, steps))


class FramePredictor(Predictor[Films]):
    """The network for films: one layer embeds a frame, and two layers read out the next one."""

    def __init__(self, items: Films, settings: Mapping[str, Any], build: BuildCore) -> None:
        pixels, embedding = items.visible.size, settings["embedding"]
        embed = nn.Sequential(nn.Linear(pixels, embedding), nn.ELU())
        core = _build_core(build, settings)
        read = nn.Sequential(nn.Linear(core.width, embedding), nn.ELU(), nn.Linear(embedding, pixels))
        super().__init__(embed, core, read, settings["dropout"])

    def batch_loss(self, items: Films, device: str) -> Callable[[Tensor], Tensor]:
        """The binary cross-entropy of the pixels of every frame but the first, given the frames before it."""
        frames = torch.tensor(items.frames, device=device).flatten(2)

        def loss(rows: Tensor) -> Tensor:
            film = frames[rows].float()
            outputs, _ = self.outputs(film[:, :-1])
            return nn.functional.binary_cross_entropy_with_logits(self.read(outputs), film[:, 1:])

        return loss

    def rollout(self, frames: np.ndarray, steps: int) -> np.ndarray:
        flat = self._apply_in_batches(frames, lambda rows: self._continue(rows.flatten(2).float(), steps))
        return flat.reshape(len(frames), steps, *frames.shape[2:])

    def _active(self, inputs: Tensor) -> Tensor:
        return super()._active(inputs.flatten(2).float())

    def _continue(self, frames: Tensor, steps: int) -> Tensor:
        """frames F32[n T p] -> logits F32[n steps p] of the frames that follow."""
        outputs, state = self.outputs(frames)
        logits = [self.read(outputs[:, -1])]
        for _ in range(steps - 1):
            output, state = self.step(self.embed(logits[-1].sigmoid()), state)
            logits.append(self.read(output))
        return torch.stack(logits, dim=1)


def _build_core(build: BuildCore, settings: Mapping[str, Any]) -> Core[Any]:
    """The core. It must be built after the embedding, which then starts from the same numbers for every core."""
    core = checked_instance("build", build(settings["embedding"], settings["weights"], settings["width"]), Core)
    checked_number("build (width)", core.width, least=1, whole=True)
    return core


def _batches(items: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(items), ANSWER_BATCH):
        yield items[start : start + ANSWER_BATCH]
