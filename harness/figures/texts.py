"""Texts that runs kept: what was asked and what every entrant answered, in tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from harness.core.entrant import EntrantKind
from harness.core.errors import UserError
from harness.figures.declared import Texts
from harness.figures.labels import in_order_of
from harness.figures.plot import Figure
from harness.figures.readings import Subject
from harness.records.scored import RunRow
from harness.tables.markup import to_markdown
from harness.tables.rows import in_order
from harness.tables.text import TextTable, text_cells


class Question(NamedTuple):
    """What was asked, and the lines that each entrant answered, by its label."""

    text: str
    answers: dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class TextFigure(Figure):
    """A figure of kept texts: a table for each question, with a row for each entrant."""

    declared: Texts
    questions: tuple[Question, ...]

    @property
    def reading(self) -> str:
        return f"The first texts that seed {self.made.seeds[0]} kept in {self.declared.file}."

    @property
    def caption(self) -> str:
        """What the tables show and what they were made from."""
        made = f"Made from {self.made.records} records, digest {self.made.digest}."
        return " ".join(filter(None, [self.declared.about, self.reading, made]))

    @property
    def tables(self) -> list[TextTable]:
        """The tables, each under its question; the last one has the figure's notes."""
        *tables, last = map(_table, self.questions)
        return [*tables, replace(last, notes=self.notes)]

    def to_markdown(self) -> str:
        """All of the figure, as its file has it."""
        return f"## {self.heading}: {self.declared.title}\n\n{self.caption}\n\n{to_markdown(self.tables)}"


def questions_of(figure: Texts, subject: Subject, keepers: Sequence[RunRow]) -> tuple[Question, ...]:
    """The questions of each case, and what runs of one seed answered, entrants in order. Raises `UserError` if a file
    is no text, or if entrants were asked different things."""
    kinds: dict[str, EntrantKind] = {run.label: run.kind for run in keepers}
    by_place = {(run.case, run.label): run for run in keepers}
    questions: dict[str, Question] = {}
    for case in in_order_of("case", (run.case for run in keepers), figure, subject.card):
        runs = [run for label in in_order(kinds) if (run := by_place.get((str(case), label)))]
        asked = [[text for text, _ in _paragraphs(figure, subject, run)] for run in runs]
        if any(texts != asked[0] for texts in asked):
            raise UserError(
                f"figure '{figure.id}': the entrants of case {case} were not asked the same in {figure.file}"
            )
        for run in runs:
            for text, answers in _paragraphs(figure, subject, run):
                questions.setdefault(text, Question(text, {})).answers[run.label] = answers
    return tuple(questions.values())


def _paragraphs(figure: Texts, subject: Subject, run: RunRow) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The question and the answers of each paragraph that is shown of a kept file."""
    try:
        text = subject.kept(run.path, figure.file, run.kept[figure.file]).decode()
    except UnicodeDecodeError as error:
        raise UserError(f"figure '{figure.id}': {figure.file} of {run.path} is no text in UTF-8: {error}") from error
    for paragraph in text.strip().split("\n\n")[: figure.paragraphs]:
        lines = [line.strip() for line in paragraph.splitlines()]
        yield ", ".join(lines[: figure.head]), tuple(lines[figure.head :][: figure.answers])


def _table(question: Question) -> TextTable:
    most = max(map(len, question.answers.values()))
    rows = [[label, *answers, *[""] * (most - len(answers))] for label, answers in question.answers.items()]
    headers = ["entrant", *map(str, range(1, most + 1))]
    return TextTable(
        title=question.text, headers=text_cells(headers), rows=tuple(map(text_cells, rows)), words=len(headers)
    )
