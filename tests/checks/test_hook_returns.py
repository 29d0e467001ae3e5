"""Whatever a method that an entrant fills in returns, the task looks at it: nothing of another shape or type, nothing
that is not finite, and no None is ever scored. One error names the method, what it returned and what is needed."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from harness.core.artefacts import Cache
from harness.core.entrant import Entrant
from harness.core.errors import BadOutput, Diverged
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.core.task import Problem, Task
from harness.registry.find import find, load_entrant, load_task
from harness.run import Run
from harness.tasks.generation.models.process import Process
from harness.tasks.mlm.problems.text import Probe, Sentences
from harness.tasks.ood_dynamics.models.core import Core
from harness.tasks.word_similarity import Corpus, WordEmbedder
from harness.tasks.word_similarity.problems.context import RatedUses, Senses, Uses
from spoiling import WAYS, Place, places, spoiled

REGISTRY = find()
FIELDS = {Process: ("low", "samplers", "sampler"), Core: ("width",)}
"""What of the objects that entrants build is read by the task, beside methods."""
PARTS = {"generation": {"Process": Process}, "ood_dynamics": {"Core": Core}}
"""The classes, beside systems and components, that entrants fill in."""
FASTER: dict[str, dict[str, Any]] = {
    "generation": {
        "classifier_steps": 2,
        "samples": 24,
        "sample_batch": 24,
        "evaluations": 4,
        "compared_samples": 24,
        "compared_evaluations": [4],
        "tolerances": [0.1, 0.5],
        "bits_items": 2,
        "bits_tolerance": 0.1,
        "width": 8,
        "batch": 32,
    }
}
"""Settings that make a run faster, and whose one batch is the budget."""
UNSEEN = {"fit", "ServerOptimizer.init", "Core.initial", "Masking.prepare"}
"""What returns nothing, or a state that only the entrant reads."""


@dataclass(frozen=True)
class Hook:
    """A method of a task's class that entrants fill in, and a run of the smoke tier in which the method is called, in
    training or when it is measured. `sees` is what is measured on, made of the test split; `named` the name in the
    error, if it is not the method's own; `of` finds the object that has the method, if it is not the system; the parts
    of what it returns at `opaque` are read by the entrant alone."""

    task: str
    method: str
    entrant: str | type[Entrant]
    case: str
    when: Literal["fit", "measure"] = "measure"
    sees: Callable[[Any], Any] = lambda split: split
    named: str = ""
    opaque: tuple[Place, ...] = ()

    def __str__(self) -> str:
        return f"{self.task}-{self.method}"


def in_context(split: Any) -> Any:
    """Made-up uses of words to be told apart."""
    uses = Uses(np.arange(24).reshape(8, 3), np.ones(8, np.int64))
    senses = Senses(uses, np.array([True, False, True, False]))
    return replace(split, tuning=senses, senses=senses, rated=RatedUses(uses, np.arange(4.0), 4))


def probed(split: Any) -> Any:
    """Made-up sentences to be classified."""
    sentences = Sentences(np.arange(5, 69).reshape(8, 8), np.arange(8) % 2)
    return replace(split, probes={"sst2": Probe(sentences, sentences)})


class Coded(WordEmbedder):
    """Vectors and codes that do not depend on each other."""

    name = "coded"

    def fit(self, train: Corpus, run: Run, /) -> None:
        self.vocabulary = len(train.vocabulary)

    def vectors(self) -> np.ndarray:
        return np.ones((self.vocabulary, 3), np.float32)

    def codes(self, k: int) -> np.ndarray:
        return np.arange(2 * k) < np.full((self.vocabulary, 1), k)

    def bits(self, k: int) -> float:
        return float(k)


def hooks(task: str, case: str, *rows: tuple[str, str | type[Entrant], dict[str, Any]]) -> list[Hook]:
    """Hooks of one case: method, entrant, and what else there is to say."""
    return [Hook(task, method, entrant, case, **more) for method, entrant, more in rows]


FIT: dict[str, Any] = {"when": "fit"}
HOOKS = [
    *hooks(
        "word_similarity",
        "atlas",
        ("WordEmbedder.vectors", "ppmi", {}),
        ("WordEmbedder.codes", Coded, {}),
        ("WordEmbedder.bits", Coded, {}),
        ("WordEmbedder.contextual", "flyvec", {"sees": in_context}),
        ("Binariser.encode", "itq", {}),
    ),
    *hooks("long_range", "recall", ("SequenceClassifier.logits", "softmax", {})),
    *hooks("long_range", "recall", ("Attention.build", "softmax", {**FIT, "named": "build|attention"})),
    *hooks("long_range", "swap_recall", ("SequenceClassifier.swapped_logits", "performer", {})),
    *hooks("long_range", "scaling", ("SequenceClassifier.attention", "softmax", {})),
    *hooks("long_range", "approximation", ("SequenceClassifier.features", "performer", {})),
    *hooks(
        "retrieval",
        "atlas",
        ("Retriever.search", "bm25", {}),
        ("Retriever.diagnostics", "in_batch_negatives", {}),
        ("NegativeSampler.negatives", "random_negatives", FIT),
    ),
    *hooks("image_classification", "n100", ("ImageClassifier.logits", "bit_resnet", {})),
    *hooks("image_classification", "n100", ("ImageModel.build", "bit_resnet", {**FIT, "named": "build|the model"})),
    *hooks("image_classification", "cost", ("ImageClassifier.model", "bit_resnet", {"named": "(the )?model"})),
    *hooks(
        "image_classification",
        "resolution_digits",
        ("ImageClassifier.low_logits", "bit_resnet", {}),
        ("ImageClassifier.resized_logits", "bit_resnet", {}),
        ("ImageModel.resized", "bit_resnet", {**FIT, "named": "resized|the model|resized_logits"}),
    ),
    *hooks(
        "ood_dynamics",
        "copying",
        ("SequencePredictor.predict", "lstm", {}),
        ("SequencePredictor.activity", "rims", {}),
        ("RecurrentCore.build", "lstm", FIT),
        ("Core.scan", "lstm", {**FIT, "opaque": ((1, 0), (1, 1), (1,))}),
        ("Core.active", "rims", {**FIT, "named": "active|activity"}),
    ),
    *hooks("ood_dynamics", "balls", ("SequencePredictor.rollout", "lstm", {})),
    *hooks(
        "ood_dynamics",
        "balls",
        ("Core.step", "lstm", {**FIT, "named": "step|rollout", "opaque": ((1, 0), (1, 1), (1,))}),
    ),
    *hooks(
        "mlm",
        "atlas",
        ("MaskedLanguageModel.log_probabilities", "frequency", {}),
        ("MaskedLanguageModel.encoder", "random_token", {"sees": probed}),
        ("MaskedLanguageModel.training_report", "random_token", {}),
        ("Masking.units", "random_token", FIT),
        ("NGramMasking.rank", "pmi_masking", FIT),
    ),
    *hooks("mlm", "collocations", ("MaskedLanguageModel.rank", "pmi_masking", {})),
    *hooks(
        "generation",
        "digits",
        ("ImageGenerator.generate", "noise", {}),
        ("ImageGenerator.samplers", "vp_sde", {}),
        ("ImageGenerator.generate_by", "vp_sde", {"named": "generate(_by)?"}),
        ("ImageGenerator.of_classes", "vp_sde", {}),
        ("ImageGenerator.inpaint", "vp_sde", {}),
        ("ImageGenerator.bits", "vp_sde", {}),
        ("ImageGenerator.solver", "vp_sde", {}),
        ("ImageGenerator.round_trip", "vp_sde", {}),
        ("ScoreModel.build", "vp_sde", FIT),
        ("Process.from_brightness", "vp_sde", FIT),
        ("Process.draw", "vp_sde", FIT),
        ("Process.sample", "vp_sde", FIT),
        ("Process.to_brightness", "vp_sde", FIT),
    ),
    *hooks("generation", "mixture", ("ImageGenerator.solve", "vp_sde", {})),
    *hooks(
        "entity_linking",
        "atlas",
        ("EntityLinker.link", "alias_prior", {}),
        ("EntityLinker.written", "genre", {}),
        ("NameGenerator.names", "genre", FIT),
    ),
    *hooks("entity_linking", "atlas_marking", ("EntityLinker.mark", "genre", {})),
    *hooks("entity_linking", "index", ("EntityLinker.index_bytes", "bi_encoder", {})),
    *hooks(
        "federated",
        "digits",
        ("FederatedLearner.logits", "fedavg", {}),
        ("FederatedLearner.logits_by_round", "fedavg", {}),
        ("FederatedLearner.traffic", "fedavg", {}),
        ("ServerOptimizer.step", "fedavg", {**FIT, "opaque": ((1,),)}),
        ("ServerOptimizer.correct", "scaffold", FIT),
        ("ServerOptimizer.finish", "scaffold", FIT),
        ("ServerOptimizer.has_client_states", "fedavg", FIT),
        ("ServerOptimizer.full_batch", "fedavg", FIT),
    ),
    *hooks(
        "control",
        "reach",
        ("Agent.steer", "random_actions", {}),
        ("Agent.log", "sac_pixels", {}),
        ("AugmentedAgent.views", "sac_pixels", FIT),
        ("AugmentedAgent.padding", "sac_pixels", FIT),
        ("AugmentedSac.auxiliary", "curl", {**FIT, "opaque": ((),)}),
    ),
    *hooks("control", "dreach", ("Agent.choose", "random_actions", {})),
    *hooks("control", "replay_500", ("Agent.values", "sac_pixels", {})),
]


def methods_to_fill_in(task: str) -> Iterator[str]:
    """The methods and properties of a task's systems, components and other open classes that entrants may define."""
    interface = importlib.import_module(f"harness.tasks.{task}.interface")
    systems = {name: value for name, value in vars(interface).items() if inspect.isclass(value)}
    for name, cls in {**systems, **PARTS.get(task, {})}.items():
        if (cls.__module__ == interface.__name__ and issubclass(cls, Entrant)) or name in PARTS.get(task, {}):
            for method, value in vars(cls).items():
                function = value.fget if isinstance(value, property) else value
                is_open = inspect.isfunction(function) and not getattr(function, "__final__", False)
                if is_open and not method.startswith("_") and not UNSEEN & {method, f"{name}.{method}"}:
                    yield f"{name}.{method}"


@pytest.mark.parametrize("task", REGISTRY.tasks)
def test_every_method_that_entrants_fill_in_is_spoiled_here(task: str) -> None:
    tested = {hook.method for hook in HOOKS if hook.task == task}
    assert tested == set(methods_to_fill_in(task)), "add the new method to HOOKS, and see that the task checks it"


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artefacts")


class Attempts:
    """Runs at the smoke tier in this process; problems and trained systems are made once."""

    def __init__(self, artefacts: Path) -> None:
        self._artefacts = artefacts
        self.task = cache(lambda name: load_task(REGISTRY.card(name), REGISTRY.homes[name]))
        self.problem: Callable[[str, str], Problem] = cache(self._problem)
        self.trained: Callable[[str, str | type[Entrant], str], Entrant] = cache(self._trained)

    def handle(self, task: str, case: str) -> Run:
        resolved = REGISTRY.card(task).resolve("smoke", case)
        faster = FASTER.get(task, {})
        return Run(
            settings={**resolved.settings, **faster},
            budget=Budget(resolved.budget.unit, min(resolved.budget.total, faster.get("batch", 10**9))),
            streams=Streams(task, 0),
            cache=Cache(self._artefacts),
        )

    def _problem(self, task: str, case: str) -> Problem:
        protocol: Task[Any] = self.task(task)
        return protocol.problem(case, self.handle(task, case))

    def system(self, task: str, entrant: str | type[Entrant]) -> Entrant:
        return entrant() if isinstance(entrant, type) else load_entrant(REGISTRY.header(task, entrant))()

    def _trained(self, task: str, entrant: str | type[Entrant], case: str) -> Entrant:
        system = self.system(task, entrant)
        self.fit(system, task, case)
        return system

    def fit(self, system: Entrant, task: str, case: str) -> None:
        run = self.handle(task, case)
        if run.budget.total:
            system.fit(self.problem(task, case).train, run)

    def run(self, system: Entrant, hook: Hook) -> None:
        """Train the system, if it is not trained yet, and measure it."""
        if hook.when == "fit":
            self.fit(system, hook.task, hook.case)
        run = self.handle(hook.task, hook.case).for_measuring()
        list(self.task(hook.task).measure(system, hook.sees(self.problem(hook.task, hook.case).test), run))


@pytest.fixture(scope="module")
def attempts(artefacts: Path) -> Attempts:
    return Attempts(artefacts)


class Spoiler:
    """Replaces what a method returns, and remembers where it could be spoiled."""

    def __init__(self, way: str, number: int, opaque: tuple[Place, ...]) -> None:
        self.places: list[Place] = []
        self._way, self._number, self._opaque = way, number, opaque

    def __call__(self, value: Any) -> Any:
        self.places = [place for place in [(), *places(value, FIELDS)] if place not in self._opaque]
        self.places = list(dict.fromkeys(self.places))
        return spoiled(value, self.places[self._number], self._way)


def spoil(system: Entrant, hook: Hook, spoiler: Spoiler, patch: pytest.MonkeyPatch) -> None:
    """Let the spoiler change what the hook returns."""
    owner, name = hook.method.split(".")
    if owner in PARTS.get(hook.task, {}):
        build = system.build  # type: ignore[attr-defined]

        def built(*sizes: Any) -> Any:
            part = build(*sizes)
            whole = getattr(part, name)
            setattr(part, name, lambda *inputs: spoiler(whole(*inputs)))
            return part

        patch.setattr(system, "build", built)
    elif isinstance(inspect.getattr_static(system, name), property):
        value = getattr(system, name)
        patch.setattr(type(system), name, property(lambda _: spoiler(value)))
    else:
        method = getattr(system, name)
        patch.setattr(system, name, lambda *inputs, **named: spoiler(method(*inputs, **named)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("hook", HOOKS, ids=str)
def test_nothing_that_a_method_should_not_return_is_scored(
    hook: Hook, way: str, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, known = 0, 1
    while number < known:
        spoiler = Spoiler(way, number, hook.opaque)
        where = hook.task, hook.entrant
        system = attempts.system(*where) if hook.when == "fit" else attempts.trained(*where, hook.case)
        with monkeypatch.context() as patch:
            spoil(system, hook, spoiler, patch)
            with pytest.raises((BadOutput, Diverged) if way == "nan" else BadOutput) as caught:
                attempts.run(system, hook)
        if caught.type is BadOutput:
            assert caught.match(rf"^({hook.named or hook.method.split('.')[1]})\b.*returned")
        number, known = number + 1, len(spoiler.places)
