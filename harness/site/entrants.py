"""The page of an entrant: its scores in every table with the runs behind them, and what it is."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.claims.paper import Paper
from harness.core.spec import entrant_in
from harness.records.scored import RunRow
from harness.site.addresses import anchor, run_page, task_page
from harness.site.claims import authors_of
from harness.site.material import Chapter, Material
from harness.site.runs import RunFacts
from harness.tables.table import Effort, Row, Table
from harness.tables.text import amount, cell_text, seconds

_MOST_RUNS = 100
"""How many runs of a cell are listed."""


class RunLink(NamedTuple):
    """A run: its seed, its status where it is not `ok`, and its page."""

    seed: int
    status: str
    link: str


class CellOfEntrant(NamedTuple):
    """A cell of a table, with its first runs and the number of further ones."""

    place: str
    column: str
    text: str
    runs: Sequence[RunLink]
    further: int


class RowOfEntrant(NamedTuple):
    """A row of a table: its label, what it took, its cells."""

    label: str
    effort: str
    cells: Sequence[CellOfEntrant]


class TableOfEntrant(NamedTuple):
    """A table that an entrant is in."""

    title: str
    link: str
    rows: Sequence[RowOfEntrant]


@dataclass(frozen=True)
class EntrantPages:
    """The pages of all entrants with records; `runs` has what is known of each run by its path."""

    material: Material
    runs: Mapping[str, RunFacts]

    def names(self) -> list[tuple[str, str]]:
        """Task and name of every entrant with a row in a table, in order."""
        rows = ((table.task, row) for _, table in self._tables() for row in table.rows)
        return sorted({(task, entrant_in(row.label)) for task, row in rows})

    def page(self, task: str, name: str) -> dict[str, Any]:
        """What the page of an entrant shows."""
        runs = [run for run in self.runs.values() if (run.row.task, run.row.entrant) == (task, name)]
        header = self.material.headers.get((task, name))
        latest = max(runs, key=lambda run: run.finished, default=None)
        paper = self._paper(task, name)
        return {
            "task": self.material.cards[task],
            "name": name,
            "kind": latest.row.kind if latest else header.kind if header else "",
            "title": latest.title if latest else header.title if header else "",
            "component": latest.row.component if latest else "",
            "paper": paper,
            "authors": authors_of(paper.paper) if paper else "",
            "bibtex": bibtex(name, paper) if paper else "",
            "tables": list(self._of_entrant(task, name)),
            "parameters": _parameters([run.row for run in runs]),
            "code": dict(latest.code) if latest else {},
        }

    def _tables(self) -> Iterator[tuple[Chapter, Table]]:
        material = self.material
        chapters = sorted(material.chapters, key=lambda chapter: material.tiers.index(chapter.tier))
        return ((chapter, table) for chapter in chapters for table in chapter.shown)

    def _of_entrant(self, task: str, name: str) -> Iterator[TableOfEntrant]:
        for chapter, table in self._tables():
            rows = [row for row in table.rows if table.task == task and entrant_in(row.label) == name]
            if rows:
                title = f"{chapter.tier}: {table.metric}"
                link = f"{task_page(task, chapter.tier)}#{table.name}"
                yield TableOfEntrant(title, link, [self._row(table, row) for row in rows])

    def _row(self, table: Table, row: Row) -> RowOfEntrant:
        cells = [
            CellOfEntrant(
                place=anchor(table.name, row.label, i),
                column=column.name,
                text=cell_text(table, row, i),
                # The mean over cases is of the runs of the other columns.
                runs=self._runs(cell.records[:_MOST_RUNS]) if column.case else (),
                further=max(len(cell.records) - _MOST_RUNS, 0) if column.case else 0,
            )
            for i, (column, cell) in enumerate(zip(table.columns, row.cells, strict=True))
            if cell.state != "not planned"
        ]
        return RowOfEntrant(row.label, _effort(row.effort), cells)

    def _runs(self, paths: Sequence[str]) -> list[RunLink]:
        rows = [self.runs[path].row for path in paths if path in self.runs]
        return [RunLink(row.seed, "" if row.status == "ok" else row.status, run_page(row.key)) for row in rows]

    def _paper(self, task: str, name: str) -> Paper | None:
        """The paper that an entrant's folder is about."""
        header = self.material.headers.get((task, name))
        return self.material.papers.get(header.path.parent.name) if header and header.kind != "plugin" else None


def _effort(effort: Effort) -> str:
    facts = {
        "weights": amount(effort.weights),
        "FLOPs": amount(effort.flops) if effort.flops else "-",
        "training": f"{seconds(effort.train_s)} s" if effort.train_s == effort.train_s else "-",
        "tuning trials": str(effort.trials) if effort.trials else "-",
    }
    return "; ".join(f"{value} {name}" for name, value in facts.items() if value != "-")


def _parameters(runs: Sequence[RunRow]) -> list[tuple[str, str]]:
    """The parameters, each with the values that runs have; where these differ, with the cases that have them."""
    values: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for run in runs:
        for name, value in run.parameters.items():
            values[name][str(value)].add(f"{run.case} at {run.tier}")
    return [(name, _said(by_value)) for name, by_value in sorted(values.items())]


def _said(by_value: Mapping[str, set[str]]) -> str:
    if len(by_value) == 1:
        return next(iter(by_value))
    return "; ".join(f"{value} ({', '.join(sorted(cases))})" for value, cases in by_value.items())


def bibtex(name: str, paper: Paper) -> str:
    """The paper as an entry of BibTeX."""
    citation = paper.paper
    authors = citation.authors.split(", ") if isinstance(citation.authors, str) else citation.authors
    fields = {
        "title": citation.title,
        "author": " and ".join(authors),
        "booktitle": citation.venue,
        "year": citation.year,
        "url": citation.url,
    }
    inner = ",\n".join(f"  {field} = {{{value}}}" for field, value in fields.items())
    return f"@inproceedings{{{name}{citation.year},\n{inner}\n}}"
