"""What the README says is so."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import __version__

CHECKOUT = Path(__file__).resolve().parents[1]
README = (CHECKOUT / "README.md").read_text()

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def plugin() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    return str(code)


def test_the_plugin_example_is_short() -> None:
    lines = [line for line in plugin().splitlines() if line.strip() and not line.strip().startswith('"""')]
    assert len(lines) <= 15


def test_the_plugin_example_conforms_and_is_a_row_of_the_table(harness: Command, tmp_path: Path) -> None:
    (tmp_path / "neighbours.py").write_text(plugin())
    checked = harness("check", "neighbours.py")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    words = ("run", "--task", "word_similarity", "--plugin", "neighbours.py", "--entrant", "neighbours")
    ran = harness(*words, "--entrant", "ppmi", "--seeds", "1")
    assert ran.returncode == 0, ran.stderr
    assert any(line.startswith("| neighbours ") for line in ran.stdout.splitlines()), ran.stdout


def test_every_verb_of_the_readme_exists(harness: Command) -> None:
    verbs = set(re.findall(r"^harness ([a-z]+)", README, flags=re.M))
    told = harness("--help").stdout
    assert verbs
    assert all(re.search(rf"│ {verb} ", told) for verb in verbs)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_link_leads_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (CHECKOUT / name).read_text())
    assert links
    assert [link for link in links if not link.startswith("http") and not (CHECKOUT / link).exists()] == []


def test_the_citation_is_of_this_version() -> None:
    assert f'version: "{__version__}"' in (CHECKOUT / "CITATION.cff").read_text()
