"""`harness report`: figures, and a page with tables, verdicts and figures, from stored records alone."""

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
    from harness.site.page import Chapter

Out = Annotated[Path | None, typer.Option("--out", help="Folder to write to. Default: `report` in the results.")]
Format = Annotated[str, typer.Option("--format", "-f", help="Formats of the figures, separated by commas: svg, png.")]
Only = Annotated[
    list[str] | None, typer.Option("--only", help="The id of a figure in figures.toml; may be given again.")
]
Check = Annotated[
    bool,
    typer.Option("--check", help="Write nothing; fail if figures, or a page, are not of these records."),
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
    """Draw each task's figures to TASK-TIER-ID.svg and .png, and write a page a tier, index-TIER.html, with tables,
    figures and verdicts, that needs no other file; at the end, print how the claims of each paper came out. With
    `--task` or `--only` there are figures alone, and no page.

    Figures refuse to mix what cannot be compared, as tables do; one that lacks records is skipped, and says which.
    """
    from harness.cli.session import open_session, warn
    from harness.core.suggest import check_known
    from harness.figures.files import FORMATS

    formats = tuple(dict.fromkeys(part.strip() for part in form.split(",")))
    check_known("format of figures", formats, FORMATS)
    tiers = [tier_name(text) for text in tier or TIERS]
    has_page = not task and not only
    session = open_session(results, task, tiers, plugin, for_files=has_page)
    known = {figure.id for name in session.tasks for figure in session.presentation(name).figure}
    check_known("figure", only or (), known)
    reporter = _Reporter(
        session,
        out or session.store.root / "report",
        formats,
        frozenset(only or ()),
        has_page=has_page,
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
    page: str = ""
    figures: list[dict[str, Any]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Reporter:
    """Draws or checks the figures and the pages of a session, and names each as soon as it is done.

    `formats` are those of the figures, `only` the ids of the figures that are wanted (none = all).
    """

    session: "Session"
    folder: Path
    formats: tuple[str, ...]
    only: frozenset[str]
    has_page: bool
    is_check: bool
    is_quiet: bool

    def report(self, tier: "TierName") -> _Report:
        """Draw, or check, the figures of a tier, and its page if that is wanted."""
        report = _Report(tier)
        with_records = self.session.tasks_at(tier)
        chapters = [self._chapter(report, task, tier) for task in self.session.tasks if task in with_records]
        if chapters and self.has_page:
            self._page(report, chapters, tier)
        if chapters and self.is_check and not self.only:
            from harness.figures.files import left_over

            names = [figure["name"] for figure in report.figures]
            self._complain(report, *left_over(self.folder, names, [chapter.task for chapter in chapters], tier))
        return report

    def _chapter(self, report: _Report, task: str, tier: "TierName") -> "Chapter":
        from harness.core.errors import UserError
        from harness.figures.readings import Subject
        from harness.site.page import Chapter
        from harness.tables.build import View
        from harness.tables.results import TaskResults

        session = self.session
        card, view = session.registry.card(task), View(tier=tier)
        expected = session.expected(task, view, any_key=True)
        subject = Subject(
            card=card,
            results=TaskResults(session.scored, task, tier),
            kept=session.store.kept,
            expected=expected,
            given=session.given,
            capabilities={name: header.capabilities for name, header in session.registry.of_task(task).items()},
        )
        chapter = Chapter(task, card.title, card.question)
        if self.has_page:
            try:
                chapter.tables += session.tables(task, view, expected)
            except UserError as error:
                chapter.absent.append(f"no table: {error}")
                self._complain(report, f"no table of {task}: {error}")
        for declared in session.presentation(task).figure:
            if not self.only or declared.id in self.only:
                self._figure(report, chapter, subject, declared)
        return chapter

    def _figure(self, report: _Report, chapter: "Chapter", subject: "Subject", declared: "DeclaredFigure") -> None:
        from harness.core.errors import UserError
        from harness.figures.build import Skipped, build_plot
        from harness.figures.files import check, render, write
        from harness.tables.formats import plain

        try:
            figure = build_plot(subject, declared)
        except UserError as error:
            chapter.absent.append(f"refused: {declared.title}: {error}")
            self._complain(report, f"refused: {chapter.task}-{report.tier}-{declared.id}: {error}")
            return
        if isinstance(figure, Skipped):
            chapter.absent.append(f"skipped: {declared.title}: {figure.why}")
            report.skipped[figure.name] = figure.why
            self._say(f"skipped: {figure.name}: {figure.why}", err=True)
            return
        written = () if self.is_check else self.formats
        drawn = render(figure, tuple(dict.fromkeys(("svg", *written))))
        chapter.figures.append((figure, drawn["svg"]))
        paths = write(self.folder, figure, {form: drawn[form] for form in written})
        shown = plain(figure) if self.is_quiet else {}  # Plain values are for --json alone.
        report.figures.append({"name": figure.name, "files": list(map(str, paths)), **shown})
        for path in paths:
            self._say(str(path))
        if self.is_check:
            self._complain(report, *check(self.folder, figure, drawn["svg"], self.formats))

    def _page(self, report: _Report, chapters: "list[Chapter]", tier: "TierName") -> None:
        from harness.core.files import write_whole
        from harness.site.page import check_page, to_page
        from harness.site.verdicts import board

        path = self.folder / f"index-{tier}.html"
        if self.is_check and not path.is_file():
            return
        self._say(f"tier {tier}: judging the claims", err=True)
        verdicts = self.session.verdicts(tier)
        text = to_page(chapters, verdicts, tier)
        report.page = str(path)
        if self.is_check:
            self._complain(report, *check_page(path, text, f"harness report --tier {tier}"))
        else:
            write_whole(path, text.encode())
            self._say(str(path))
            self._say(f"\nClaims at tier {tier}\n\n{board(verdicts)}", err=True)

    def _complain(self, report: _Report, *problems: str) -> None:
        from harness.cli.session import warn

        report.problems.extend(problems)
        warn(problems)

    def _say(self, line: str, *, err: bool = False) -> None:
        if err or not self.is_quiet:
            typer.echo(line, err=err)
