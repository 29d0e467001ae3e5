"""The application: which verbs there are."""

import typer

from harness.cli import (
    check,
    claims,
    data,
    explain,
    export,
    list_,
    merge,
    new,
    plan,
    report,
    run,
    score,
    site,
    status,
    submit,
    table,
    tune,
    verify,
    work,
)

app = typer.Typer(
    name="harness",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Tests whether the claims of papers hold: plans and does runs, compares entrants, and judges claims.\n\n"
    "`harness run --tier quick` runs the benchmark; `harness run --task TASK --plugin FILE` runs your method beside "
    "the baselines; `harness site`, `harness table`, `harness claims` and `harness report` only read stored records. "
    "Every verb has `--help` with an example; `--debug` shows tracebacks.",
)
app.command("list", epilog="Example: `harness list --task retrieval`")(list_.command)
app.command("plan", epilog="Example: `harness plan --tier small --task long_range`")(plan.command)
app.command("run", epilog="Example: `harness run --task word_similarity --plugin my_method.py`")(run.command)
app.command("work", epilog="Example: `harness work tls://10.0.0.1:8786`")(work.command)
app.command("status", epilog="Example: `harness status --why`")(status.command)
app.command("table", epilog="Example: `harness table --task retrieval --tier small --format latex`")(table.command)
app.command(
    "report", epilog="Example: `harness report --tier small`, `harness report --task retrieval --only refresh`"
)(report.command)
app.command("site", epilog="Example: `harness site --tier small --out public`")(site.command)
app.command("claims", epilog="Example: `harness claims --tier small`")(claims.command)
app.command("explain", epilog="Example: `harness explain retrieval ance --tier small --case scifact`")(explain.command)
app.command("tune", epilog="Example: `harness tune --task retrieval --tier small --trials 8`")(tune.command)
app.command("score", epilog="Example: `harness score --task retrieval --case scifact --name mine mine.run.gz`")(
    score.command
)
app.command("export", epilog="Example: `harness export --task retrieval --case scifact --out scifact`")(export.command)
app.command("check", epilog="Example: `harness check my_method.py`")(check.command)
app.command("new", epilog="Example: `harness new my_method --task retrieval`")(new.command)
app.command("submit", epilog="Example: `harness submit --entrant mine --plugin mine.py --out mine.zip`")(submit.command)
app.command("verify", epilog="Example: `harness verify mine.zip --sample 5`")(verify.command)
app.command("merge", epilog="Example: `harness merge mine.zip --report mine.report.json`")(merge.command)
app.add_typer(data.app, name="data")
