"""Predictions of links as lines of JSON: ranked entities for each mention, or spans with entities in texts.

Entities are called `e0`, `e1`, ..., mentions `m0`, `m1`, ... and texts `t0`, `t1`, ..., in the order of the task.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.card import Case
from harness.core.predictions import Answer, InOrder, PredictionFormat, Replay, values_of
from harness.core.task import Problem
from harness.formats.items import Found, check_items, check_missing
from harness.formats.json_lines import Entry, read_json_lines, written_json_lines
from harness.formats.lines import quoted, wrong
from harness.run import Run
from harness.tasks.entity_linking.interface import EntityLinker
from harness.tasks.entity_linking.problems.mentions import I64, INVALID, NIL, Catalogue, Linked, Mentions, TrainingSet
from harness.tasks.entity_linking.problems.passages import Links, Passages, links_of
from harness.tasks.entity_linking.task import DEPTH

FILE = "jsonl"
_LINE = 'a line as {"mention": "m0", "entities": ["e5", "e2"]}, best first; null is an answer that names no entity'
_SPAN = 'a line as {"text": "t0", "start": 3, "end": 9, "entity": "e5"}, in characters'


class LinkPredictions(PredictionFormat):
    """Ranked entities of the test mentions; in cases of end-to-end linking, spans in the test texts."""

    methods = ("link", "mark")

    def refusal(self, case: Case) -> str:
        """Some cases are about indexes and times."""
        if case.needs == "index_bytes":
            return "it measures indexes"
        return "it times linkers" if case.exclusive else ""

    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """The entities with their names; and the mentions in their texts, or the texts alone."""
        test: Linked | Passages = problem.test
        yield "entities.jsonl", written_json_lines(_entities(test.catalogue))
        texts = test.texts if isinstance(test, Passages) else test.mentions.texts
        yield "texts.jsonl", written_json_lines({"text": f"t{i}", "content": text} for i, text in enumerate(texts))
        if isinstance(test, Linked):
            yield "mentions.jsonl", written_json_lines(_mentions(test.mentions))

    def guesses(self, problem: Problem) -> list[Answer]:
        """The first entity of the catalogue for every mention, or for the first word of the first text."""
        if isinstance(problem.test, Passages):
            word = problem.test.texts[0].split(maxsplit=1)[0]
            start = problem.test.texts[0].index(word)
            return [Answer("mark", (), links_of([(0, start, start + len(word), 0)]))]
        ranked = np.full((len(problem.test.entities), DEPTH), NIL)
        ranked[:, 0] = 0
        return [Answer("link", (), ranked)]

    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """A line for each mention, or for each span."""
        if isinstance(problem.test, Passages):
            (links,) = values_of(answers, "mark")
            rows = zip(*(np.asarray(column).tolist() for column in links), strict=True)
            spans = ({"text": f"t{d}", "start": i, "end": j, "entity": f"e{e}"} for d, i, j, e in rows)
            return {FILE: written_json_lines(spans)}
        ranked = np.concatenate(values_of(answers, "link")).tolist()
        return {
            FILE: written_json_lines(
                {
                    "mention": f"m{i}",
                    "entities": [None if entity == INVALID else f"e{entity}" for entity in row if entity != NIL],
                }
                for i, row in enumerate(ranked)
            )
        }

    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The links in a file. A mention whose entities are an empty list is answered by NIL: it has none."""
        test: Linked | Passages = problem.test
        if isinstance(test, Passages):
            return Replay(LinkedBefore(links=_read_spans(path, test)), test)
        ranked, present = _read_ranked(path, test)
        missing = np.setdiff1d(np.arange(len(ranked)), present)
        example = f"m{missing[0]}" if len(missing) else ""
        check_missing(path, len(missing), len(ranked), "mentions", example, allow_missing=allow_missing)
        whole = Replay(LinkedBefore(ranked), test)
        if not len(missing):
            return whole
        parts = {name: mask[present] for name, mask in test.parts.items()}
        part = Linked(test.catalogue, test.mentions.take(present), test.entities[present], parts)
        return Replay(LinkedBefore(ranked[present]), part, missing=len(missing), whole=whole)


class LinkedBefore(EntityLinker):
    """Answers with entities I64[mentions k], or links in texts, that were found elsewhere."""

    def __init__(self, ranked: I64 | None = None, links: Links | None = None) -> None:
        self._ranked, self._links = None if ranked is None else InOrder(ranked), links

    def fit(self, train: TrainingSet, run: Run) -> None:
        """Nothing is left to learn."""

    def link(self, mentions: Mentions, k: int) -> I64:
        """The entities of the next mentions."""
        assert self._ranked is not None
        return self._ranked.take(len(mentions))[:, :k]

    def mark(self, texts: Sequence[str]) -> Links:
        """The links in all texts."""
        assert self._links is not None
        return self._links


def _read_ranked(path: Path, test: Linked) -> tuple[I64, I64]:
    """I64[mentions DEPTH]: the entities in a file; and the mentions I64[n] that it has, in rising order."""
    asked, entities = len(test.entities), test.catalogue.entities
    ranked = np.full((asked, DEPTH), NIL)
    entries = list(read_json_lines(path, {"mention": str, "entities": list}, _LINE))
    rows = np.array([_number(entry.value["mention"], "m", asked) for entry in entries], np.int64)
    lines = np.array([entry.line for entry in entries])
    found = Found(rows, lines, lambda n: f"mention {quoted(entries[n].value['mention'])}")
    check_items(path, found, asked - len(np.unique(rows[rows >= 0])))
    for row, entry in zip(rows, entries, strict=True):
        numbers = [_entity(path, entry, name, entities) for name in entry.value["entities"]]
        known = [number for number in numbers if number != INVALID]
        if len(set(known)) < len(known):
            raise wrong(path, f"an entity twice for {quoted(entry.value['mention'])}", _LINE, entry.line)
        ranked[row, : len(numbers)] = numbers[:DEPTH]
    return ranked, np.sort(rows)


def _read_spans(path: Path, test: Passages) -> Links:
    """The links in a file."""
    fields = {"text": str, "start": int, "end": int, "entity": str}
    rows = []
    for entry in read_json_lines(path, fields, _SPAN):
        value = entry.value
        text = _number(value["text"], "t", len(test.texts))
        if text < 0:
            raise wrong(path, f"text {quoted(value['text'])}", f"t0 to t{len(test.texts) - 1}", entry.line)
        length = len(test.texts[text])
        if not 0 <= value["start"] < value["end"] <= length:
            found = f"characters {value['start']} to {value['end']} of {value['text']}"
            raise wrong(path, found, f"0 <= start < end <= {length}", entry.line)
        rows.append(
            (text, value["start"], value["end"], _entity(path, entry, value["entity"], test.catalogue.entities))
        )
    return links_of(rows)


def _entity(path: Path, entry: Entry, name: Any, entities: int) -> int:
    """The number of an entity, INVALID for null."""
    if name is None:
        return INVALID
    number = _number(name, "e", entities)
    if number < 0:
        raise wrong(path, f"entity {quoted(str(name))}", f"e0 to e{entities - 1}", entry.line)
    return number


def _number(name: Any, letter: str, most: int) -> int:
    """The number in a name, as 5 in `e5`; -1 if it is none below the most."""
    digits = name[1:] if isinstance(name, str) and name.startswith(letter) else ""
    is_number = digits.isascii() and digits.isdigit() and str(int(digits)) == digits
    return int(digits) if is_number and int(digits) < most else -1


def _entities(catalogue: Catalogue) -> Iterator[Mapping[str, Any]]:
    position, rows = catalogue.names_of(np.arange(catalogue.entities))
    names: list[list[str]] = [[] for _ in range(catalogue.entities)]
    for entity, row in zip(position.tolist(), rows.tolist(), strict=True):
        names[entity].append(catalogue.names[row])
    return ({"entity": f"e{entity}", "names": of_entity} for entity, of_entity in enumerate(names))


def _mentions(mentions: Mentions) -> Iterator[Mapping[str, Any]]:
    """The mentions with their candidates, where the case has candidate sets."""
    candidates = mentions.candidates
    for i, (text, start, stop) in enumerate(zip(mentions.document, mentions.start, mentions.stop, strict=True)):
        line: dict[str, Any] = {"mention": f"m{i}", "text": f"t{text}", "start": int(start), "end": int(stop)}
        if candidates is not None:
            entities = candidates.entities[candidates.ends[i] : candidates.ends[i + 1]]
            line["candidates"] = [f"e{entity}" for entity in entities]
        yield line
