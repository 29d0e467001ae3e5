"""What can be downloaded: the tables of a task at a tier, together and one by one."""

from collections.abc import Iterator

from harness.site.addresses import data_file
from harness.site.material import Chapter
from harness.site.tables import SHOWN_FORMATS
from harness.tables.formats import FORMATS, render


def downloads(chapter: Chapter) -> Iterator[tuple[str, bytes]]:
    """Each table in each format; and `TASK-TIER.all.csv`, which is what `harness table --format csv` prints."""
    for form in SHOWN_FORMATS:
        for table in chapter.every_table:
            yield data_file(f"{table.name}{FORMATS[form].suffix}"), render([table], form).encode()
    if chapter.tables:
        yield data_file(f"{chapter.name}.all.csv"), render(chapter.tables, "csv").encode()
