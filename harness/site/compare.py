"""What the page that compares entrants reads: a script for each task and tier, since pages that are opened from a
folder may load scripts and no other data."""

import json
from typing import Any

from harness.core.spec import entrant_in
from harness.site.addresses import data_file, entrant_page
from harness.site.material import Chapter
from harness.stats.intervals import ALPHA
from harness.tables.formats import plain
from harness.tables.table import Row, Table

GLOBAL = "TENFOLD"
"""The name under which the script finds the data."""


_MOST_SEEDS = 60
"""For more seeds the page shows no interval."""


def quantiles() -> list[str]:
    """The quantiles of Student's t by which intervals of two and more seeds are made."""
    from scipy.special import stdtrit

    return [f"{stdtrit(n - 1, 1 - ALPHA):.10g}" for n in range(2, _MOST_SEEDS + 1)]


def data_of(chapter: Chapter) -> tuple[str, bytes]:
    """The address and the content of a chapter's script."""
    tables = [_table(table) for table in chapter.every_table]
    value = {"title": chapter.card.title, "tier": chapter.tier, "tables": tables}
    text = json.dumps(plain(value), separators=(",", ":"), allow_nan=False)
    return data_file(f"{chapter.name}.js"), f"window.{GLOBAL}[{json.dumps(chapter.name)}]={text};\n".encode()


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "metric": table.metric,
        "unit": table.unit,
        "better": table.better,
        "exact": table.exact,
        "columns": [{"name": column.name, "case": column.case} for column in table.columns],
        # Nothing is known of how predictions came about, so that a difference would say nothing either.
        "rows": [_row(table, row) for row in table.rows if row.kind != "predictions"],
    }


def _row(table: Table, row: Row) -> dict[str, Any]:
    effort = row.effort
    return {
        "label": row.label,
        "kind": row.kind,
        "component": row.component,
        "link": entrant_page(table.task, entrant_in(row.label)),
        "train_s": effort.train_s,
        "weights": effort.weights.most if effort.weights else None,
        "flops": effort.flops.most if effort.flops else None,
        "cells": [
            {"seeds": cell.seeds, "values": cell.values, "timed": "contended" in cell.flags, "text": cell.text}
            for cell in row.cells
        ],
    }
