"""What was held constant: the settings that all rows of a table share, and the artefacts that they were given."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from harness.tables.comparable import numbers
from harness.tables.results import RunRow

DEFAULT = "default"
"""Stands for the cases that `held` does not name."""

_SHORT = 6
_Arms: TypeAlias = frozenset[str]


def held_settings(runs: Sequence[RunRow], held: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The settings of the runs' cases in words: those that were held constant, and those that some entrants replace by
    a parameter of that name, a line each or none. `held` names those that matter by case, in order (none = all)."""
    of_case = {run.case: run.settings for run in runs}
    named = {case: held.get(case, held.get(DEFAULT, sorted(of_case[case]))) for case in of_case}
    replaced = _replaced(runs, named)
    values: dict[str, dict[str, list[str]]] = {}
    for case, settings in of_case.items():
        for name in named[case]:
            if name in settings:
                values.setdefault(name, {}).setdefault(_shown(settings[name]), []).append(case)
    constant, varied = [], []
    for name, cases in values.items():
        only = len(cases) == 1 and len(next(iter(cases.values()))) == len(of_case)
        texts = (text if only else f"{text} ({', '.join(there)})" for text, there in cases.items())
        words = f"{name} {' and '.join(texts)}"
        if own := replaced.get(name):
            each = (f"{' and '.join(sorted(chosen))} by {label}" for label, chosen in sorted(own.items()))
            varied.append(f"{words}, but {', '.join(each)}")
        else:
            constant.append(words)
    if constant:
        yield f"held constant: {', '.join(constant)}"
    if varied:
        yield f"not held constant: {'; '.join(varied)}"


def _replaced(runs: Sequence[RunRow], named: Mapping[str, Sequence[str]]) -> dict[str, dict[str, set[str]]]:
    """By setting, which rows have a parameter of its name that says something else, and what it says."""
    found: dict[str, dict[str, set[str]]] = {}
    for run in runs:
        for name in named[run.case]:
            own = run.parameters.get(name)
            if own is not None and own != run.settings.get(name):
                found.setdefault(name, {}).setdefault(run.label, set()).add(_shown(own))
    return found


def shared_artefacts(runs: Sequence[RunRow]) -> Iterator[str]:
    """Which rows were given the same artefacts, case by case, and which rows of one component were not; a line each.

    Records know an artefact by its recipe's identity and its content's digest, not by name.
    """
    for case in dict.fromkeys(run.case for run in runs):
        own = [run for run in runs if run.case == case]
        yield from _conflicts(case, own)
        yield from _groups(case, own)


def _groups(case: str, runs: Sequence[RunRow]) -> Iterator[str]:
    arms: dict[tuple[int, str], set[str]] = {}
    for run in runs:
        for content in run.artefacts.values():
            arms.setdefault((run.seed, content), set()).add(run.label)
    counts: dict[_Arms, Counter[int]] = {}
    example: dict[_Arms, list[str]] = {}
    first = min((seed for seed, _ in arms), default=0)
    for (seed, content), labels in sorted(arms.items()):
        if len(labels) > 1:
            counts.setdefault(frozenset(labels), Counter())[seed] += 1
            if seed == first:
                example.setdefault(frozenset(labels), []).append(content[:_SHORT])
    seeds = {run.seed for run in runs}
    for group, by_seed in sorted(counts.items(), key=lambda entry: sorted(entry[0])):
        always = set(by_seed) == seeds and len(set(by_seed.values())) == 1
        many = by_seed[first] if always else max(by_seed.values())
        which = f" (seed {first}: {', '.join(example[group])})" if always else f" at seed {numbers(by_seed)} only"
        same = "the same content in every arm of a seed" if always else "not at the others"
        yield f"shared, case {case}: {_artefacts(many)} by {', '.join(sorted(group))}{which}; {same}"
    yield from _outsiders(case, runs)


def _outsiders(case: str, runs: Sequence[RunRow]) -> Iterator[str]:
    """Rows of one component that were given something else than most of it were."""
    components = {run.component for run in runs if run.component}
    for component in sorted(components):
        odd: dict[str, list[int]] = {}
        for seed in sorted({run.seed for run in runs}):
            given = {
                run.label: frozenset(run.artefacts.values())
                for run in runs
                if (run.component, run.seed, run.status) == (component, seed, "ok")
            }
            usual = Counter(given.values()).most_common(1)
            for label, contents in given.items():
                if usual[0][1] > 1 and not contents >= usual[0][0]:
                    odd.setdefault(label, []).append(seed)
        for label, seeds in odd.items():
            yield (
                f"not shared, case {case}: {label} was given other artefacts than most of {component} "
                f"at seed {numbers(seeds)}"
            )


def _conflicts(case: str, runs: Sequence[RunRow]) -> Iterator[str]:
    """Recipes that gave several contents: what should have been shared was not the same."""
    contents: dict[str, dict[str, list[str]]] = {}
    for run in runs:
        for identity, content in run.artefacts.items():
            contents.setdefault(identity, {}).setdefault(content, []).append(f"{run.label} seed {run.seed}")
    for identity, several in sorted(contents.items()):
        if len(several) > 1:
            words = " and ".join(f"{content[:_SHORT]} ({', '.join(who)})" for content, who in sorted(several.items()))
            yield f"not the same, case {case}: recipe {identity[:_SHORT]} gave {words}"


def _artefacts(many: int) -> str:
    return f"{many} artefact{'s' * (many > 1)}"


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(_shown, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
