"""A site of committed records."""

from pathlib import Path

import pytest

from sites import copied, write_site


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed records of two tasks at quick, and of one of them at small."""
    folder = tmp_path_factory.mktemp("results")
    return copied(folder, "retrieval/quick", "word_similarity/quick", "word_similarity/small")


@pytest.fixture(scope="session")
def site(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their site."""
    folder = tmp_path_factory.mktemp("site") / "pages"
    done = write_site(results, folder)
    assert done.returncode == 0, done.stderr
    return folder
