"""Text tables in LaTeX, for papers: each fits the page, whatever its number of columns and rows.

A table with more columns than a line holds is split into parts, each with the column of entrants; the first column
breaks its lines where it must. A table with more rows than a page holds runs over several pages. Texts that recur in a
column of words become notes.
"""

import math
import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.tables.tex import in_tex, note_in_tex
from harness.tables.text import TextCell, TextTable

PACKAGES = ("booktabs", "tabularx", "threeparttable", "xltabular")
"""What the text needs."""

_LINE_PT = 345.0
"""The width of a line in the class `article`, which most templates of conferences exceed."""
_CHARACTER_PT, _BOLD_PT, _GAP_PT = 4.3, 4.9, 6.0
"""The width of a digit at `\\footnotesize`, of a bold one, and what stands between columns."""
_FIRST_PT, _WORDS_PT = 90.0, 40.0
"""The most that a column of words keeps to itself: the first, and others. Longer texts are broken."""
_MOST_LINES, _NOTE_LINE = 50, 85
"""The lines at `\\footnotesize` that a page holds below a caption, and the characters of a line of notes."""
_RECURRING = 40
"""Characters of texts that become notes where they recur."""

_BREAK = re.compile(r"\s|(?<=[_\[,-])")
"""Where a word may be broken: labels of entrants are long."""
_MAY_BREAK = re.compile(r"\\_|\[|,(?=[^\s\d])")


def to_latex(tables: Sequence[TextTable]) -> str:
    """The tables, one or more environments for each; the first line names the packages that they need."""
    needs = f"% needs \\usepackage{{{','.join(PACKAGES)}}}\n"
    return "\n".join([needs, *(part for table in tables for part in _parts(_with_notes(table)))])


def _parts(table: TextTable) -> Iterator[str]:
    """The environments of a table: one for each group of columns that a line holds."""
    groups = _groups(table)
    for i, group in enumerate(groups):
        part = _columns(table, group)
        title, is_last = table.title, i == len(groups) - 1
        if len(groups) > 1:
            title = f"{table.title} (part {i + 1} of {len(groups)})"
        label = f"{table.label}-{i + 1}" if i and table.label else table.label
        part = replace(part, title=title, label=label)
        yield _environment(part if is_last else replace(part, caption=(), notes=()))


def _groups(table: TextTable) -> list[list[int]]:
    """The columns of each part, without the first column, which all of them have: no more parts than it takes, and
    about as wide as each other."""
    widths = [_width(table, i) for i in range(len(table.headers))]
    room = _LINE_PT - widths[0]
    fewest = len(_filled(widths, room))
    rooms = (room * percent / 100 for percent in range(20, 100, 5))
    return next((groups for part in rooms if len(groups := _filled(widths, part)) == fewest), _filled(widths, room))


def _filled(widths: Sequence[float], room: float) -> list[list[int]]:
    """The columns but the first in groups, each as wide as there is room."""
    groups: list[list[int]] = [[]]
    left = room
    for i, width in enumerate(widths[1:], 1):
        if groups[-1] and width > left:
            groups.append([])
            left = room
        groups[-1].append(i)
        left -= width
    return groups


def _columns(table: TextTable, group: Sequence[int]) -> TextTable:
    """A table of the first column and some others."""
    chosen = [0, *group]
    return replace(
        table,
        headers=tuple(table.headers[i] for i in chosen),
        rows=tuple(tuple(row[i] for i in chosen) for row in table.rows),
        words=sum(i < table.words for i in chosen),
    )


def _width(table: TextTable, i: int) -> float:
    """The width that a column asks for, in points: for words no more than its share, as they can be broken."""
    lines = _header_lines(table.headers[i]) if i >= table.words else [table.headers[i].text]
    widths = [len(line) * _CHARACTER_PT for line in lines]
    for row in table.rows:
        character = _BOLD_PT if row[i].style == "best" else _CHARACTER_PT
        widths += (len(line) * character for line in (_lines(row[i]) if i >= table.words else [row[i].text]))
    return min(max(widths), _most(table, i)) + _GAP_PT


def _most(table: TextTable, i: int) -> float:
    """The width at which a column breaks its lines."""
    return _FIRST_PT if i == 0 else _WORDS_PT if i < table.words else _LINE_PT


def _is_broken(table: TextTable, i: int) -> bool:
    """Whether a column has to break lines."""
    return i < table.words and _width(table, i) >= _most(table, i) + _GAP_PT


def _with_notes(table: TextTable) -> TextTable:
    """The table with the long texts that recur in a column of words as notes, to which letters refer."""
    notes: dict[str, str] = {}
    rows = [list(row) for row in table.rows]
    for i in range(1, table.words):
        texts = list(dict.fromkeys(row[i].text for row in rows))
        fits = len(notes) + len(texts) <= len(string.ascii_lowercase)
        if fits and 2 * len(texts) <= len(rows) and max(map(len, texts)) > _RECURRING:
            letters = {text: string.ascii_lowercase[len(notes) + number] for number, text in enumerate(texts)}
            notes |= {letter: f"{letter}: {text}" for text, letter in letters.items()}
            for row in rows:
                row[i] = TextCell(f"note {letters[row[i].text]}")
    return replace(table, rows=tuple(map(tuple, rows)), notes=(*notes.values(), *table.notes))


def _environment(table: TextTable) -> str:
    notes = [*([" ".join(table.caption)] if table.caption else []), *table.notes]
    is_long = _height(table) + sum(math.ceil(len(note) / _NOTE_LINE) for note in notes) > _MOST_LINES
    lines = _over_pages(table, notes) if is_long else _floating(table, notes)
    return "\n".join(lines) + "\n"


def _height(table: TextTable) -> int:
    """The lines that the rows take, roughly."""
    shares = _shares(table)
    return sum(
        max([1, *(math.ceil(len(row[i].text) * _CHARACTER_PT / share) for i, share in shares.items())])
        for row in (table.headers, *table.rows)
    )


def _shares(table: TextTable) -> dict[int, float]:
    """The width of each column that breaks its lines, in points: its longest word, and a part of what is left of the
    line, more for longer texts."""
    broken = {i: math.sqrt(_longest(table, i)) for i in range(table.words) if _is_broken(table, i)}
    words = {i: _longest(table, i, _BREAK) * _CHARACTER_PT for i in broken}
    others = sum(_width(table, i) for i in range(len(table.headers)) if i not in broken)
    left = _LINE_PT - others - _GAP_PT * len(broken) - sum(words.values())
    return {i: words[i] + max(0.0, left) * weight / sum(broken.values()) for i, weight in broken.items()}


def _longest(table: TextTable, i: int, at: re.Pattern[str] | None = None) -> int:
    """The characters of a column's longest text, or of the longest part where texts can be broken `at` some signs."""
    texts = [cells[i].text for cells in (table.headers, *table.rows)]
    return max(len(part) for text in texts for part in (at.split(text) if at else [text]))


def _floating(table: TextTable, notes: Sequence[str]) -> list[str]:
    """A table that floats to where a page holds it, its notes below."""
    environment = "tabularx" if _shares(table) else "tabular*"
    return [
        r"\begin{table}",
        r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
        r"\begin{threeparttable}",
        rf"\caption{{{in_tex(table.title)}}}{_label(table)}",
        rf"\begin{{{environment}}}{{\linewidth}}{{{_alignment(table)}}}",
        r"\toprule",
        _row(table, table.headers, is_header=True),
        r"\midrule",
        *_body(table),
        r"\bottomrule",
        rf"\end{{{environment}}}",
        *(
            [r"\begin{tablenotes}[flushleft]", *(rf"\item {note_in_tex(note)}" for note in notes), r"\end{tablenotes}"]
            * bool(notes)
        ),
        r"\end{threeparttable}",
        r"\end{table}",
    ]


def _over_pages(table: TextTable, notes: Sequence[str]) -> list[str]:
    """A table that runs over pages, with its header on each of them; its notes are the paragraphs after it."""
    header = [r"\toprule", _row(table, table.headers, is_header=True), r"\midrule"]
    return [
        r"{\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\begin{{xltabular}}{{\linewidth}}{{{_alignment(table)}}}",
        rf"\caption{{{in_tex(table.title)}}}{_label(table)} \\",
        *header,
        r"\endfirsthead",
        *header,
        r"\endhead",
        r"\bottomrule",
        r"\endlastfoot",
        *_body(table),
        r"\end{xltabular}",
        r"\raggedright",
        *(rf"\noindent {note_in_tex(note)}\par" for note in notes),
        "}",
    ]


def _label(table: TextTable) -> str:
    return rf"\label{{{table.label}}}" if table.label else ""


def _body(table: TextTable) -> list[str]:
    rows = [_row(table, row) for row in table.rows]
    if table.references:
        rows.insert(len(rows) - table.references, r"\midrule")
    return rows


def _alignment(table: TextTable) -> str:
    """The columns: words to the left, those that are broken with their shares of the line, numbers to the right. Where
    none is broken, what is left of the line is spread between all columns."""
    shares = _shares(table)
    mean = sum(shares.values()) / len(shares) if shares else 1.0
    words = [
        rf">{{\hsize={shares[i] / mean:.3f}\hsize\raggedright\arraybackslash\hspace{{0pt}}}}X" if i in shares else "l"
        for i in range(table.words)
    ]
    spread = "" if shares else r"\extracolsep{\fill}"
    return "".join([f"@{{{spread}}}", *words, "r" * (len(table.headers) - table.words), "@{}"])


def _row(table: TextTable, cells: Sequence[TextCell], *, is_header: bool = False) -> str:
    texts = []
    for i, cell in enumerate(cells):
        lines = [cell.text] if i < table.words else _header_lines(cell) if is_header else _lines(cell)
        text = r" \\ ".join(map(in_tex, lines))
        if cell.aside:
            text = text.removesuffix(in_tex(cell.aside)) + rf"\emph{{{in_tex(cell.aside)}}}"
        text = rf"\shortstack[r]{{{text}}}" if len(lines) > 1 else text
        if i < table.words:
            text = (
                text.replace(r"\_", r"\_\allowbreak{}").replace(",", r",\allowbreak{}").replace("[", r"[\allowbreak{}")
            )
        # A row that begins with a bracket would be taken for an option of the row before.
        texts.append(rf"\textbf{{{text}}}" if cell.style == "best" else text)
    return "{}" * texts[0].startswith("[") + " & ".join(texts) + r" \\"


def _header_lines(cell: TextCell) -> list[str]:
    """The lines of a header: a line for each of its parts."""
    return [*cell.text.split(", "), *([cell.aside] if cell.aside else [])]


def _lines(cell: TextCell) -> list[str]:
    """The lines of a cell: its flags stand below its value."""
    value, bracket, flags = cell.text.partition(" (")
    return [value, f"({flags}"] if bracket else [value]
