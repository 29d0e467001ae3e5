"""`harness report`: figures as files, from stored records alone."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import Json, Plugins, Results, Tasks, Tiers, print_json, tier_name
from harness.core.spec import TIERS

if TYPE_CHECKING:
    from harness.cli.session import Session
    from harness.core.spec import TierName
    from harness.figures.declared import DeclaredFigure
    from harness.figures.readings import Subject
    from harness.figures.texts import TextFigure

Out = Annotated[Path | None, typer.Option("--out", help="Folder to write to. Default: `report` in the results.")]
Format = Annotated[str, typer.Option("--format", "-f", help="Formats of the figures, separated by commas: svg, png.")]
Only = Annotated[
    list[str] | None, typer.Option("--only", help="The id of a figure in figures.toml; may be given again.")
]
Check = Annotated[
    bool,
    typer.Option("--check", help="Write nothing; fail if figures are not of these records."),
]


def command(
    task: Tasks = None,
    tier: Tiers = None,
    plugin: Plugins = None,
    results: Results = None,
    out: Out = None,
    form: Format = "svg,png",
    only: Only = None,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Draw each task's figures to TASK-TIER-ID.svg and .png, and write those of texts to TASK-TIER-ID.md; texts that
    `--only` names are printed, too. `harness site` shows figures beside tables and verdicts.

    Figures refuse to mix what cannot be compared, as tables do; one that lacks records is skipped, and says which.
    """
    from harness.cli.session import open_session, warn
    from harness.core.suggest import check_known
    from harness.figures.files import FORMATS

    formats = tuple(dict.fromkeys(part.strip() for part in form.split(",")))
    check_known("format of figures", formats, FORMATS)
    tiers = [tier_name(text) for text in tier or TIERS]
    session = open_session(results, task, tiers, plugin)
    known = {figure.id for name in session.tasks for figure in session.presentation(name).figure}
    check_known("figure", only or (), known)
    reporter = _Reporter(
        session,
        out or session.store.root / "report",
        formats,
        frozenset(only or ()),
        is_check=check,
        is_quiet=as_json,
    )
    reports = [reporter.report(name) for name in tiers]
    warn(session.store.problems)
    if as_json:
        print_json(list(map(vars, reports)))
    elif not any(session.tasks_at(name) for name in tiers):
        typer.echo(f"no records in {session.store.root} for this; `harness run --tier quick` makes some", err=True)
    if any(report.problems for report in reports):
        raise typer.Exit(1)


@dataclass
class _Report:
    """What became of a tier's figures, in plain values."""

    tier: str
    figures: list[dict[str, Any]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Reporter:
    """Draws or checks the figures of a session, and names each as soon as it is done.

    `formats` are those of the figures, `only` the ids of the figures that are wanted (none = all).
    """

    session: "Session"
    folder: Path
    formats: tuple[str, ...]
    only: frozenset[str]
    is_check: bool
    is_quiet: bool

    def report(self, tier: "TierName") -> _Report:
        """Draw, or check, the figures of a tier."""
        report = _Report(tier)
        with_records = self.session.tasks_at(tier)
        tasks = [task for task in self.session.tasks if task in with_records]
        for task in tasks:
            self._figures(report, task, tier)
        if tasks and self.is_check and not self.only:
            from harness.figures.files import left_over

            names = [figure["name"] for figure in report.figures]
            self._complain(report, *left_over(self.folder, names, tasks, tier))
        return report

    def _figures(self, report: _Report, task: str, tier: "TierName") -> None:
        from harness.tables.build import View

        session = self.session
        expected = session.expected(task, View(tier=tier), any_key=True)
        subject = session.subject(task, tier, expected)
        for declared in session.presentation(task).figure:
            if not self.only or declared.id in self.only:
                self._figure(report, subject, declared)

    def _figure(self, report: _Report, subject: "Subject", declared: "DeclaredFigure") -> None:
        from harness.core.errors import UserError
        from harness.figures.build import Skipped, build_plot
        from harness.figures.files import check, render, write
        from harness.figures.texts import TextFigure
        from harness.tables.formats import plain

        try:
            figure = build_plot(subject, declared)
        except UserError as error:
            self._complain(report, f"refused: {subject.card.task}-{report.tier}-{declared.id}: {error}")
            return
        if isinstance(figure, Skipped):
            report.skipped[figure.name] = figure.why
            self._say(f"skipped: {figure.name}: {figure.why}", err=True)
            return
        if isinstance(figure, TextFigure):
            self._texts(report, figure)
            return
        written = () if self.is_check else self.formats
        drawn = render(figure, tuple(dict.fromkeys(("svg", *written))))
        paths = write(self.folder, figure, {form: drawn[form] for form in written})
        shown = plain(figure) if self.is_quiet else {}  # Plain values are for --json alone.
        report.figures.append({"name": figure.name, "files": list(map(str, paths)), **shown})
        for path in paths:
            self._say(str(path))
        if self.is_check:
            self._complain(report, *check(self.folder, figure, drawn["svg"], self.formats))

    def _texts(self, report: _Report, figure: "TextFigure") -> None:
        """Write, or check, the file of a figure of texts; where figures were asked for by name, print it, too."""
        from harness.core.files import write_whole
        from harness.figures.files import TEXT
        from harness.records.committed import file_problems
        from harness.tables.formats import plain

        path, text = self.folder / f"{figure.name}.{TEXT}", figure.to_markdown()
        shown = plain(figure) if self.is_quiet else {}
        report.figures.append({"name": figure.name, "files": [] if self.is_check else [str(path)], **shown})
        if self.is_check:
            remedy = f"harness report --task {figure.task} --tier {figure.tier} --only {figure.declared.id}"
            self._complain(report, *file_problems(path, text, remedy, figure.made.digest))
            return
        write_whole(path, text.encode())
        self._say(f"{text}\n{path}" if self.only else str(path))

    def _complain(self, report: _Report, *problems: str) -> None:
        from harness.cli.session import warn

        report.problems.extend(problems)
        warn(problems)

    def _say(self, line: str, *, err: bool = False) -> None:
        if err or not self.is_quiet:
            typer.echo(line, err=err)
