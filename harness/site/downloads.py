"""What can be downloaded: the tables of a task at a tier, together and one by one, and its figures of texts."""

from collections.abc import Iterator

from harness.figures.files import TEXT
from harness.site.addresses import data_file
from harness.site.material import Chapter
from harness.site.tables import SHOWN_FORMATS
from harness.tables.formats import FORMATS, render


def downloads(chapter: Chapter) -> Iterator[tuple[str, bytes]]:
    """Each table in each format and each figure of texts; `TASK-TIER.all.csv` is what `harness table --format csv`
    prints."""
    for form in SHOWN_FORMATS:
        for table in chapter.every_table:
            yield data_file(f"{table.name}{FORMATS[form].suffix}"), render([table], form).encode()
    for figure in chapter.texts:
        yield data_file(f"{figure.name}.{TEXT}"), figure.to_markdown().encode()
    if chapter.tables:
        yield data_file(f"{chapter.name}.all.csv"), render(chapter.tables, "csv").encode()
