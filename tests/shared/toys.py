"""A toy task: cards, specs, records and tables of it, made by hand."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from harness.core.card import Card
from harness.core.spec import Budget, Spec
from harness.records.record import Costs, Environment, Failure, Origin, Record, RecordedScore
from harness.records.scored import scored
from harness.tables.build import TableOptions, View, build_tables
from harness.tables.table import Table

Scores: TypeAlias = float | Mapping[str, float | Mapping[tuple[tuple[str, Any], ...], float]]

CARD: dict[str, Any] = {
    "task": "toy",
    "version": 1,
    "title": "Toys",
    "question": "Which toy is the best?",
    "unit": "examples",
    "primary": "accuracy",
    "points": ["shift", "L"],
    "seed_varies": "the training subset, initialisation, order",
    "settings": {"width": 8, "depth": 2},
    "metrics": {
        "accuracy": {"better": "higher", "unit": "share", "chance": 0.1, "ceiling": 1.0},
        "loss": {"better": "lower", "unit": "nats"},
        "codes": {"better": "higher", "needs": "codes"},
        "step_ms": {"better": "lower", "unit": "ms", "timing": True},
        "bytes": {"better": "lower", "unit": "bytes", "exact": True},
    },
    "cases": [
        {"id": "plain", "data": ["cards"], "at": {"n": 100}},
        {"id": "hard", "generated": "atlas", "stand_in": True, "at": {"n": 400}},
        {"id": "cost", "generated": "ramp", "exclusive": True, "primary": "step_ms"},
    ],
    "tiers": {
        "quick": {"cases": ["plain", "hard"], "seeds": 3, "budget": {"examples": 500}, "expect_s": 1, "limit_s": 9},
        "small": {
            "cases": ["plain", "hard", "cost"],
            "seeds": 3,
            "budget": {"examples": 1000},
            "expect_s": 1,
            "limit_s": 9,
            "settings": {"width": 16},
        },
    },
}


CLAIM: Mapping[str, Any] = {
    "id": "better",
    "source": "Table 1",
    "task": "toy",
    "tiers": ["small"],
    "metric": "accuracy",
    "kind": "greater",
    "margin": 0.02,
    "of": "new",
    "over": ["old"],
}
"""The entries of a claim in a `paper.toml`: an entrant `new` is better than `old`."""
OWNERS: Mapping[str, Any] = {"costs": Costs, "environment": Environment, "origin": Origin}


def make_card(**changes: Any) -> Card:
    """The card of the toy task, some of its entries replaced."""
    return Card.model_validate({**CARD, **changes})


def make_spec(**changes: Any) -> Spec:
    """A spec of the toy task at tier small, some of its fields replaced."""
    fields: dict[str, Any] = {
        "task": "toy",
        "version": 1,
        "tier": "small",
        "case": "plain",
        "entrant": "vit",
        "seed": 0,
        "budget": Budget("examples", 1000),
        "code": "c" * 32,
        "data": f"cards:{'d' * 32}",
    }
    return Spec(**{**fields, **changes})


def make_record(entrant: str, seed: int, scores: Scores = 0.5, *, case: str = "plain", **changes: Any) -> Record:
    """A record of the toy task at tier small. `scores` is its accuracy, or values by metric (and by point).

    `changes` replace `card`, `tier`, `items` (used of 100), `settings` (those that differ from the card's) and
    fields of the record, of its spec, costs, environment and origin: whichever has the name.
    """
    card: Card = changes.pop("card", make_card())
    tier, items = changes.pop("tier", "small"), changes.pop("items", 100)
    resolved = card.resolve(tier, case)
    settings = changes.pop("settings", resolved.deviating)
    own: dict[str, dict[str, Any]] = {"spec": {}, "record": {}, **{owner: {} for owner in OWNERS}}
    for name, value in changes.items():
        owner = next((owner for owner, model in OWNERS.items() if name in model.model_fields), "record")
        own["spec" if name in set(Spec.__dataclass_fields__) - set(Record.model_fields) else owner][name] = value
    generated = {"data": f"generated:{resolved.case.generated}"} if resolved.case.generated else {}
    named = {"task": card.task, "version": card.version, "tier": tier, "case": case, "entrant": entrant, "seed": seed}
    fields = {**named, "budget": resolved.budget, "settings": settings, **generated}
    spec = make_spec(**{**fields, **own["spec"]})
    status = own["record"].get("status", "ok")
    return Record(
        **{
            "key": spec.key,
            "spec": spec,
            "failure": None if status == "ok" else Failure(type="RuntimeError", message="it broke\ntwice"),
            "settings": {**card.settings, **settings},
            "at": resolved.case.at,
            "generated": resolved.case.stand_in,
            "produced": f"{case}{seed}",
            "primary": resolved.primary,
            "metrics": card.metrics,
            "scores": tuple(recorded(scores, items)) if status in ("ok", "diverged") else (),
            "costs": Costs(**{"train_s": 2.0, "weights": 1200, **own["costs"]}),
            "origin": Origin(**{"kind": "baseline", **own["origin"]}),
            "environment": Environment(**{"commit": "a" * 40, **own["environment"]}),
            "status": status,
            **own["record"],
        }
    )


def recorded(scores: Scores, items: int) -> Iterator[RecordedScore]:
    """Recorded scores from values."""
    for metric, values in (scores if isinstance(scores, Mapping) else {"accuracy": scores}).items():
        for at, value in (values if isinstance(values, Mapping) else {(): values}).items():
            yield RecordedScore(metric=metric, value=value, n_used=items, n_expected=100, at=dict(at))


def make_tables(records: Iterable[Record], card: Card | None = None, **view: Any) -> list[Table]:
    """The tables of records, without notes on what was held constant unless `options` say so; `view` has the fields of
    `View`, and `expected`, `published` and `options`."""
    given = {name: view.pop(name) for name in ("expected", "published", "options") if name in view}
    given.setdefault("options", TableOptions(held={"default": ()}))
    return build_tables(scored(records), card or make_card(), View(**{"tier": "small", **view}), **given)
