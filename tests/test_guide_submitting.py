"""Every command of the page on submitting runs, one after the other, as submitter and verifier give them."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = (CHECKOUT / "docs" / "guide" / "submitting.md").read_text(encoding="utf-8")
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def commands(part: str) -> list[list[str]]:
    """The words of the commands in the part of the page under a heading."""
    (text,) = re.findall(rf"^## {part}$(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S)
    blocks = re.findall(r"^```\n(.*?)^```$", text, flags=re.M | re.S)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


def test_every_command_of_the_page_runs(harness_in: Callable[[Path], Command], tmp_path: Path) -> None:
    submitter, verifier = (tmp_path / name for name in ("submitter", "verifier"))
    submitter.mkdir()
    verifier.mkdir()
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    (submitter / "neighbours.py").write_text(code)
    said = ""
    for part, folder in (("If you submit", submitter), ("If you verify", verifier), ("If you merge", verifier)):
        assert commands(part)
        for words in commands(part):
            if "other-machine/results" in words:
                shutil.copytree(submitter / "results", folder / "other-machine" / "results")
                shutil.copy(submitter / "neighbours.py", folder)
            done = harness_in(folder)(*words)
            assert done.returncode == 0, (words, done.stdout, done.stderr)
            said += done.stdout
        if folder == submitter:
            shutil.copy(submitter / "neighbours.zip", verifier)
    assert "self-reported, nothing repeated" in said
    assert "neighbours on word_similarity: verified 3 of 6" in said
    assert re.search(r"^\| neighbours +\| plugin, verified 3 of 6 ", said, flags=re.M), said


def test_every_link_of_the_page_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert links
    assert [link for link in links if not (CHECKOUT / "docs" / "guide" / link).exists()] == []
