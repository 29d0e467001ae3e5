"""`harness report`: figures, and a page with tables, verdicts and figures, from stored records alone."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import Json, Plugins, Results, Tasks, print_json, results_folder, tier_name
from harness.core.spec import TIERS

if TYPE_CHECKING:
    from harness.core.spec import TierName
    from harness.figures.files import Files
    from harness.figures.plot import Sheet
    from harness.records.store import Store
    from harness.registry.find import Registry
    from harness.site.page import Chapter
    from harness.tables.table import Table

Tiers = Annotated[
    list[str] | None, typer.Option("--tier", help="A tier; may be given again. Default: all with records.")
]
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
    figures and verdicts, that needs no other file. With `--task` or `--only` there are figures alone, and no page.

    Figures refuse to mix what cannot be compared, as tables do; one that lacks records is skipped, and says which.
    """
    from harness.cli.selecting import registry_with, warn
    from harness.core.suggest import unknown
    from harness.figures.checked import presentation_of
    from harness.records.store import Store

    formats = _formats(form)
    registry = registry_with(plugin)
    tasks = [registry.card(name).task for name in task or registry.tasks]
    known = {figure.id for name in tasks for figure in presentation_of(registry, name).figure}
    for name in only or ():
        if name not in known:
            raise unknown("figure", name, known)
    store = Store(results_folder(results))
    folder = out or store.root / "report"
    desk = _Desk(registry, store, folder, formats, frozenset(only or ()), plugin or [], check=check, quiet=as_json)
    tiers = [tier_name(text) for text in tier] if tier else TIERS
    reports = [desk.report(name, tasks, page=not task and not only) for name in tiers]
    warn(store.problems)
    if as_json:
        print_json([report.plain() for report in reports])
    elif not any(report.has_records for report in reports):
        typer.echo(f"no records in {store.root} for this; `harness run --tier quick` makes some", err=True)
    if any(report.problems for report in reports):
        raise typer.Exit(1)


def _formats(text: str) -> tuple[str, ...]:
    from harness.core.suggest import unknown
    from harness.figures.files import FORMATS

    formats = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for form in formats:
        if form not in FORMATS:
            raise unknown("format of figures", form, FORMATS)
    return formats


@dataclass
class _Report:
    """What became of a tier's figures, in plain values."""

    tier: str
    has_records: bool = False
    page: str = ""
    figures: list[dict[str, Any]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """All of it but what only the command asks."""
        return {name: value for name, value in vars(self).items() if name != "has_records"}


class _Desk:
    """Where reports are made: records are read once, and each figure is named as soon as it is done."""

    def __init__(
        self,
        registry: "Registry",
        store: "Store",
        folder: Path,
        formats: tuple[str, ...],
        only: frozenset[str],
        plugins: list[Path],
        *,
        check: bool,
        quiet: bool,
    ) -> None:
        from harness.records.frames import frames
        from harness.tables.details import details_of

        self._registry, self._store, self._folder, self._formats, self._only = registry, store, folder, formats, only
        self._plugins, self._check, self._quiet = plugins, check, quiet
        records = list(store.stored())
        self._frames, self._details = frames(records), details_of(records)

    def report(self, tier: "TierName", tasks: list[str], *, page: bool) -> _Report:
        """Draw, or check, the figures of a tier, and its page if that is wanted."""
        runs = self._frames.runs
        there = set(runs["task"][(runs["tier"] == tier).to_numpy()])
        report = _Report(tier, has_records=bool(there.intersection(tasks)))
        if not report.has_records:
            return report
        chapters = [self._chapter(report, task, tier, page=page) for task in tasks if task in there]
        if page:
            self._page(report, chapters, tier)
        if self._check and not self._only:
            from harness.figures.files import left_over

            names = [figure["name"] for figure in report.figures]
            for line in left_over(self._folder, names, [chapter.task for chapter in chapters], tier):
                self._complain(report, line)
        return report

    def _chapter(self, report: _Report, task: str, tier: "TierName", *, page: bool) -> "Chapter":
        from harness.cli.table import expected_for, tables_for
        from harness.core.errors import UserError
        from harness.figures.build import Skipped, build_plot
        from harness.figures.checked import presentation_of
        from harness.figures.files import render
        from harness.figures.readings import Subject
        from harness.site.page import Chapter
        from harness.tables.build import View
        from harness.tables.material import Source

        card, view = self._registry.card(task), View(tier=tier)
        expected = expected_for(self._registry, self._store, view, task, self._plugins, any_key=True)
        subject = Subject(
            card=card,
            source=Source(self._frames, task, tier),
            details=self._details,
            kept=self._store.kept,
            expected=expected,
            capabilities={name: header.capabilities for name, header in self._registry.of_task(task).items()},
        )
        tables: list[Table] = []
        figures: list[tuple[Sheet, bytes]] = []
        absent: list[str] = []
        if page:
            try:
                tables = tables_for(self._registry, self._frames, self._details, view, task, expected)
            except UserError as error:
                absent.append(f"no table: {error}")
                self._complain(report, f"no table of {task}: {error}")
        for figure in presentation_of(self._registry, task).figure:
            if self._only and figure.id not in self._only:
                continue
            try:
                sheet = build_plot(subject, figure)
            except UserError as error:
                absent.append(f"refused: {figure.title}: {error}")
                self._complain(report, f"refused: {task}-{tier}-{figure.id}: {error}")
                continue
            if isinstance(sheet, Skipped):
                absent.append(f"skipped: {figure.title}: {sheet.why}")
                report.skipped[sheet.name] = sheet.why
                self._say(f"skipped: {sheet.name}: {sheet.why}", err=True)
                continue
            drawn = render(sheet, ("svg",) if self._check else tuple(dict.fromkeys(("svg", *self._formats))))
            figures.append((sheet, drawn["svg"]))
            self._file(report, sheet, drawn)
        return Chapter(task, card.title, card.question, tables, figures, absent)

    def _file(self, report: _Report, sheet: "Sheet", drawn: "Files") -> None:
        from harness.figures.files import check, write
        from harness.tables.values import plain

        kept = {} if self._check else {form: drawn[form] for form in self._formats}
        paths = write(self._folder, sheet, kept)
        report.figures.append({"name": sheet.name, "files": list(map(str, paths)), **plain(sheet)})
        for path in paths:
            self._say(str(path))
        for line in check(self._folder, sheet, drawn["svg"], self._formats) if self._check else ():
            self._complain(report, line)

    def _page(self, report: _Report, chapters: "list[Chapter]", tier: "TierName") -> None:
        from harness.cli.claims import judged
        from harness.site.page import check_page, to_page

        path = self._folder / f"index-{tier}.html"
        if self._check and not path.is_file():
            return
        self._say(f"tier {tier}: judging the claims", err=True)
        verdicts = judged(self._registry, self._store, tier, set(self._registry.tasks))
        text = to_page(chapters, verdicts, tier)
        report.page = str(path)
        if self._check:
            for line in check_page(path, text, f"harness report --tier {tier}"):
                self._complain(report, line)
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            self._say(str(path))

    def _complain(self, report: _Report, line: str) -> None:
        from harness.cli.selecting import warn

        report.problems.append(line)
        warn([line])

    def _say(self, line: str, *, err: bool = False) -> None:
        if err or not self._quiet:
            typer.echo(line, err=err)
