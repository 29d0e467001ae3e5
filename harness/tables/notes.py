"""The notes below a table: what was held constant and shared, what failed or is missing with its remedy, coverage."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.core.words import counted, listed, seeds_in_words
from harness.records.scored import RunRow
from harness.runs.selection import NOTHING_GIVEN, Given
from harness.tables.columns import Layout
from harness.tables.comparable import rerun, seeds_to_ask
from harness.tables.table import Column, Row

_LONGEST_ERROR = 160


def notes_on(rows: Sequence[Row], layout: Layout, given: Given = NOTHING_GIVEN) -> Iterator[str]:
    """The notes on what became of the runs, a line each; `given` is part of their commands."""
    card, version = layout.card, layout.runs[0].version
    if version != card.version:
        yield f"made at task version {version}; the card is at version {card.version}"
    yield from _predicted(rows)
    yield from failures(layout.runs)
    yield from _missing(rows, layout, given)
    stale = sorted({row.label for row in rows for cell in row.cells if "stale" in cell.flags})
    if stale:
        runs = [run for run in layout.runs if layout.row(run.label) in stale]
        again, seeds = {run.label: run.kind for run in runs}, ((run.case, run.seed) for run in runs)
        command = rerun(card.task, layout.tier, again, seeds=seeds_to_ask(card, layout.tier, seeds), given=given)
        yield f"stale, made by code or settings that have changed since: {', '.join(stale)}; `{command}`"
    yield from _inapplicable(rows, layout.columns)
    yield from _coverage(rows, layout.columns)


def failures(runs: Iterable[RunRow]) -> Iterator[str]:
    """The runs that failed or diverged, in one line those that differ in nothing but the seed."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for run in runs:
        if run.status != "ok":
            groups[run.status, run.label, run.case, run.error].append(run.seed)
    for (status, label, case, error), seeds in sorted(groups.items()):
        why = error.replace("`", "'")
        why = why if len(why) <= _LONGEST_ERROR else f"{why[:_LONGEST_ERROR]}..."
        yield f"{status}: {label}, case {case}, {seeds_in_words(seeds)}{f': {why}' if why else ''}"


def _predicted(rows: Sequence[Row]) -> Iterator[str]:
    """How rows of predictions differ from the others."""
    labels = [row.label for row in rows if row.kind == "predictions"]
    if labels:
        yield (
            f"predictions: {', '.join(labels)}: scored from files that were made elsewhere. Their training, its data "
            "and budget, and what they were tuned on are unknown, so that they are not marked as best, and no contrast "
            "and no claim uses them; what such files do not say is not measured"
        )


def _missing(rows: Sequence[Row], layout: Layout, given: Given) -> Iterator[str]:
    """Cells without records, and planned seeds that no row has, with the command that fills them."""
    present = {(run.case, run.label, run.seed) for run in layout.runs}
    lacking: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in rows:
        for column, cell in zip(layout.columns, row.cells, strict=True):
            if cell.state == "missing":
                lacking[row.label, column.case] |= {run.seed for run in layout.runs if run.case == column.case}
    cases = {column.case for column in layout.columns}
    for case, label, seed in set(layout.expected.keys) - present if layout.expected else ():
        if case in cases:
            lacking[label, case].add(seed)
    card, kinds = layout.card, {row.label: row.kind for row in rows}
    groups: dict[tuple[str, tuple[int, ...]], dict[str, str]] = defaultdict(dict)
    for (label, case), seeds in sorted(lacking.items()):
        groups[case, tuple(sorted(seeds))][label] = kinds.get(label, "")
    for (case, group_seeds), entrants in groups.items():
        which = f", {seeds_in_words(group_seeds)}" if group_seeds else ""
        number = seeds_to_ask(card, layout.tier, ((case, seed) for seed in group_seeds))
        command = rerun(card.task, layout.tier, entrants, cases=[case], seeds=number, given=given)
        yield f"missing: {', '.join(entrants)}, case {case}{which}; `{command}`"


def _inapplicable(rows: Sequence[Row], columns: Sequence[Column]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        for column, cell in zip(columns, row.cells, strict=True):
            if cell.state == "not applicable":
                groups[row.label, cell.text].append(column.name)
    for (label, why), names in groups.items():
        where = f" in {'; '.join(names)}" if len(names) < len(columns) else ""
        yield f"not applicable: {label}{where} ({why})"


def _coverage(rows: Sequence[Row], columns: Sequence[Column]) -> Iterator[str]:
    """Columns whose scores leave items out. A diverged run uses none: it says nothing about the items."""
    groups: dict[str, list[str]] = defaultdict(list)
    for i, column in enumerate(columns):
        cells = [row.cells[i] for row in rows if column.case and row.cells[i].n_used]
        shares = [cell.n_used / cell.n_expected for cell in cells]
        if shares and min(shares) < 1:
            ends = dict.fromkeys(f"{share:.1%}" for share in (min(shares), max(shares)))
            groups[" to ".join(ends)].append(column.name)
    for share, names in groups.items():
        yield f"scored on {share} of the items: {'; '.join(names)}"


DEFAULT = "default"
"""Stands for the cases that `held` does not name."""


def held_settings(runs: Sequence[RunRow], held: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The settings of the runs' cases in words: those that were held constant, and those that some entrants replace by
    a parameter of the same name; a line each, or none. `held` names the settings to show by case, in order (none =
    all)."""
    settings_of = {run.case: run.settings for run in runs}
    named = {case: held.get(case, held.get(DEFAULT, sorted(settings_of[case]))) for case in settings_of}
    constant, varied = [], []
    for name in dict.fromkeys(name for case in named for name in named[case] if name in settings_of[case]):
        cases_by_value: dict[str, list[str]] = defaultdict(list)
        for case, settings in settings_of.items():
            if name in named[case] and name in settings:
                cases_by_value[_shown(settings[name])].append(case)
        replaced: dict[str, set[str]] = defaultdict(set)
        for run in runs:
            if run.parameters.get(name) not in (None, run.settings.get(name)) and name in named[run.case]:
                replaced[run.label].add(_shown(run.parameters[name]))
        everywhere = [len(cases) for cases in cases_by_value.values()] == [len(settings_of)]
        texts = (value if everywhere else f"{value} ({', '.join(cases)})" for value, cases in cases_by_value.items())
        if replaced:
            others = (f"{' and '.join(sorted(values))} in {label}" for label, values in sorted(replaced.items()))
            varied.append(f"{name} is {' and '.join(texts)}, but {', '.join(others)}")
        else:
            constant.append(f"{name} {' and '.join(texts)}")
    if constant:
        yield f"held constant: {', '.join(constant)}"
    if varied:
        yield f"not held constant: {'; '.join(varied)}"


_SHORT = 6


def shared_artefacts(runs: Sequence[RunRow]) -> Iterator[str]:
    """Which rows were given the same artefacts, case by case, and which rows of one component were not; a line each.

    Records know an artefact by its recipe's identity and its content's digest, not by name.
    """
    by_case: dict[str, list[RunRow]] = defaultdict(list)
    for run in runs:
        by_case[run.case].append(run)
    for case, runs_of_case in by_case.items():
        yield from (f"not shared, case {case}: {text}" for text in _conflicts(runs_of_case))
        yield from (f"shared, case {case}: {text}" for text in _groups(runs_of_case))
        yield from (f"not shared, case {case}: {text}" for text in _outsiders(runs_of_case))


def _conflicts(runs: Sequence[RunRow]) -> Iterator[str]:
    """Recipes that gave several contents, though a recipe should give one."""
    contents: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        for recipe, content in run.artefacts.items():
            contents[recipe][content].append(f"{run.label} seed {run.seed}")
    for recipe, by_content in sorted(contents.items()):
        if len(by_content) > 1:
            words = (f"{content[:_SHORT]} ({', '.join(names)})" for content, names in sorted(by_content.items()))
            yield f"recipe {recipe[:_SHORT]} gave different contents, {' and '.join(words)}"


def _groups(runs: Sequence[RunRow]) -> Iterator[str]:
    """Rows that were given artefacts of the same content."""
    given: dict[tuple[int, str], set[str]] = defaultdict(set)
    for run in runs:
        for content in run.artefacts.values():
            given[run.seed, content].add(run.label)
    shared: dict[tuple[str, ...], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (seed, content), labels in sorted(given.items()):
        if len(labels) > 1:
            shared[tuple(sorted(labels))][seed].append(content[:_SHORT])
    seeds = {run.seed for run in runs}
    for rows, contents in sorted(shared.items()):
        counts = {len(of_seed) for of_seed in contents.values()}
        first = min(contents)
        always = contents.keys() == seeds and len(counts) == 1
        when = (
            f"each seed (seed {first}: {', '.join(contents[first])})" if always else f"{seeds_in_words(contents)} only"
        )
        yield f"{', '.join(rows)} were given {counted(max(counts), 'artefact')} of the same content at {when}"


def _outsiders(runs: Sequence[RunRow]) -> Iterator[str]:
    """Rows of one component that were given something else than most of it were."""
    given: dict[tuple[str, int], dict[str, frozenset[str]]] = defaultdict(dict)
    for run in runs:
        if run.component and run.status == "ok":
            given[run.component, run.seed][run.label] = frozenset(run.artefacts.values())
    odd: dict[tuple[str, str], list[int]] = defaultdict(list)
    for (component, seed), by_label in sorted(given.items()):
        usual, count = Counter(by_label.values()).most_common(1)[0]
        for label, contents in by_label.items():
            if count > 1 and not contents >= usual:
                odd[component, label].append(seed)
    for (component, label), seeds in odd.items():
        yield f"{label} was given other artefacts than most of {component} at seed {listed(seeds)}"


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(_shown, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
