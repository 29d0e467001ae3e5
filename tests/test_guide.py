"""The guide: its commands work as they stand, in order; its files conform; its links lead somewhere."""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.claims.paper import check_paper, load_paper
from harness.registry.find import find

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "guide"
PAGES = sorted(GUIDE.rglob("*.md"))

Command = Callable[..., "subprocess.CompletedProcess[str]"]


class Block(NamedTuple):
    """A block of code: its language, its text, and the file that the reader is to save it as ("" = none)."""

    language: str
    text: str
    file: str


def blocks(page: Path) -> Iterator[Block]:
    before = 0
    text = page.read_text()
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.S | re.M):
        named = re.search(r"Save this as `([\w.]+)`:\s*$", text[before : found.start()])
        yield Block(found[1], found[2], named[1] if named else "")
        before = found.end()


def in_words(page: Path) -> str:
    return page.relative_to(GUIDE).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=in_words)
def test_every_command_of_a_page_works_in_its_order(page: Path, harness: Command, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.file:
            (tmp_path / block.file).write_text(block.text)
        for line in block.text.splitlines() if block.language == "sh" else ():
            program, *words = shlex.split(line, comments=True)
            assert program == "harness"
            done = harness(*words)
            assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("page", PAGES, ids=in_words)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.read_text()) if not link.startswith("http")]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_task_has_a_page_on_its_methods_and_they_are_listed() -> None:
    tasks = {f"methods/{task}.md" for task in find().tasks}
    assert {in_words(page) for page in PAGES if page.parent.name == "methods"} == tasks
    assert all(f"({link})" in (GUIDE / "methods.md").read_text() for link in tasks)


def test_every_task_has_a_page_on_its_predictions() -> None:
    assert {in_words(page) for page in PAGES if page.parent.name == "predictions"} == {
        f"predictions/{task}.md" for task in find().tasks
    }


def test_every_page_is_in_the_contents_or_in_a_list_of_pages() -> None:
    listed = "".join((GUIDE / name).read_text() for name in ("README.md", "methods.md", "predictions.md"))
    assert [page for page in PAGES if page.name != "README.md" and f"({in_words(page)})" not in listed] == []


def test_the_example_of_a_claim_is_sound(tmp_path: Path) -> None:
    (text,) = (block.text for block in blocks(GUIDE / "claims.md") if block.language == "toml")
    (tmp_path / "paper.toml").write_text(text)
    registry = find()
    entrants = {name: set(header.defaults) for name, header in registry.of_task("federated").items()}
    assert check_paper(load_paper(tmp_path / "paper.toml"), entrants, {"federated": registry.card("federated")}) == []
