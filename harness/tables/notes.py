"""The notes below a table: what was held constant and shared, what failed or is missing with its remedy, coverage."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from harness.core.card import Card
from harness.tables.columns import Layout
from harness.tables.comparable import kinds, numbers, rerun
from harness.tables.expected import Expected
from harness.tables.results import RunRow
from harness.tables.table import Column, Row

_LONGEST_ERROR = 160


def notes_on(
    rows: Sequence[Row], columns: Sequence[Column], layout: Layout, card: Card, tier: str, expected: Expected | None
) -> Iterator[str]:
    """The notes, a line each."""
    version = layout.runs[0].version
    if version != card.version:
        yield f"made at task version {version}; the card is at version {card.version}"
    yield from failures(layout.runs)
    yield from _missing(rows, columns, layout, card.task, tier, expected)
    stale = sorted({row.label for row in rows for cell in row.cells if "stale" in cell.flags})
    if stale:
        again = rerun(card.task, tier, kinds(run for run in layout.runs if layout.row(run.label) in stale))
        yield f"stale, made by code or settings that have changed since: {', '.join(stale)}; `{again}`"
    yield from _inapplicable(rows, columns)
    yield from _coverage(rows, columns)


def failures(runs: Iterable[RunRow]) -> Iterator[str]:
    """The runs that failed or diverged, a line for those that did so alike."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for run in runs:
        if run.status != "ok":
            groups.setdefault((run.status, run.label, run.case, run.error), []).append(run.seed)
    for (status, label, case, error), seeds in sorted(groups.items()):
        why = error.replace("`", "'")
        why = why if len(why) <= _LONGEST_ERROR else f"{why[:_LONGEST_ERROR]}..."
        yield f"{status}: {label}, case {case}, {_seeds(seeds)}{f': {why}' if why else ''}"


def _missing(
    rows: Sequence[Row],
    columns: Sequence[Column],
    layout: Layout,
    task: str,
    tier: str,
    expected: Expected | None,
) -> Iterator[str]:
    """Cells without records, and planned seeds that no row has, with the command that fills them."""
    there = {(run.label, run.case, run.seed) for run in layout.runs}
    lacking: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        for column, cell in zip(columns, row.cells, strict=True):
            if cell.state == "missing":
                seeds = {run.seed for run in layout.runs if run.case == column.case}
                lacking.setdefault((row.label, column.case), set()).update(seeds)
    cases = {column.case for column in columns}
    for case, label, seed in expected.keys if expected else ():
        if (label, case, seed) not in there and case in cases:
            lacking.setdefault((label, case), set()).add(seed)
    kind_of = {row.label: row.kind for row in rows}
    alike: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for (label, case), seeds in sorted(lacking.items()):
        alike.setdefault((case, tuple(sorted(seeds))), []).append(label)
    for (case, these), labels in alike.items():
        command = rerun(task, tier, {label: kind_of.get(label, "") for label in labels}, cases=[case])
        yield f"missing: {', '.join(labels)}, case {case}{', ' + _seeds(these) if these else ''}; `{command}`"


def _inapplicable(rows: Sequence[Row], columns: Sequence[Column]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for column, cell in zip(columns, row.cells, strict=True):
            if cell.state == "not applicable":
                groups.setdefault((row.label, cell.text), []).append(column.name)
    for (label, why), names in groups.items():
        where = f" in {'; '.join(names)}" if len(names) < len(columns) else ""
        yield f"not applicable: {label}{where} ({why})"


def _coverage(rows: Sequence[Row], columns: Sequence[Column]) -> Iterator[str]:
    """Columns whose scores leave items out. A diverged run uses none: it says nothing about the items."""
    groups: dict[str, list[str]] = {}
    for i, column in enumerate(columns):
        counted = [cell for cell in (row.cells[i] for row in rows) if cell.n_used and column.case]
        shares = {cell.n_used / cell.n_expected for cell in counted}
        if shares and min(shares) < 1:
            least, most = (f"{share:.1%}" for share in (min(shares), max(shares)))
            groups.setdefault(least if least == most else f"{least} to {most}", []).append(column.name)
    for share, names in groups.items():
        yield f"scored on {share} of the items: {'; '.join(names)}"


def _seeds(seeds: Iterable[int]) -> str:
    several = sorted(set(seeds))
    return f"seed{'s' * (len(several) > 1)} {numbers(several)}"


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
