"""What the catalogue promises, and what a content digest sees."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.core.errors import UserError
from harness.data import digest
from harness.data.catalogue import amount, catalogue, find

ABSENT = {"cifar-10", "inception-2015"}
"""Sets that the mirror does not have: they come from their public address alone."""


def test_every_entry_can_be_cited() -> None:
    for dataset in catalogue().values():
        assert all((dataset.title, dataset.version, dataset.licence, dataset.citation)), dataset.name
        assert dataset.homepage.startswith("http"), dataset.name
        assert dataset.bundled or dataset.public, f"{dataset.name} comes from nowhere"


def test_a_file_without_digest_is_alone_so_that_the_content_digest_can_accuse_it() -> None:
    for dataset in catalogue().values():
        for form in dataset.forms:
            assert all(form.files.values()) or len(form.files) == 1, dataset.name
            assert all(len(sha256) in (0, 64) for sha256 in form.files.values()), dataset.name


def test_addresses_in_repositories_name_a_whole_commit() -> None:
    for dataset in catalogue().values():
        for form in dataset.forms:
            # What is attached to a release has no commit; its digest is checked.
            fixed = "pilehvar.github.io" in form.address or "/releases/download/" in form.address
            if "github" in form.address and not fixed:
                parts = [part for path in form.files for part in f"{form.address}/{path}".split("/")]
                commits = [part.removesuffix(".tar.gz") for part in parts]
                assert any(len(part) == 40 and set(part) <= set("0123456789abcdef") for part in commits), dataset.name


def test_digests_are_those_of_the_mirror(mirror: Path) -> None:
    lines = (mirror / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    published = {path: sha256 for sha256, path in (line.split() for line in lines)}
    listed = {
        f"{dataset.name}/{path}": sha256
        for dataset in catalogue().values()
        for form in dataset.forms
        for path, sha256 in form.files.items()
    }
    common = listed.keys() & published.keys()
    assert {path: listed[path] for path in common} == {path: published[path] for path in common}
    assert {path.split("/")[0] for path in common} == {d.name for d in catalogue().values() if not d.bundled} - ABSENT


def test_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UserError, match="no data set is called 'scifcat'; did you mean 'scifact'"):
        find("scifcat")
    with pytest.raises(UserError, match=r"there are: .*imdb.*wikipedia"):
        find("zzz")


def test_amounts_read_like_speech() -> None:
    assert [amount(n) for n in (999, 2_872_024, 3_000_000_000)] == ["999 bytes", "2.9 MB", "3.0 GB"]


def test_catalogue_and_fetch_need_no_arrays_and_no_torch() -> None:
    code = "import sys, harness.data.fetch; print(sorted({'torch', 'numpy', 'pandas', 'sklearn'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_row_digest_is_that_of_canonical_lines() -> None:
    want = hashlib.sha256('["a",1,0.5,"é"]\n["b",2,1.0,"\\n"]\n'.encode()).hexdigest()
    assert digest.of_rows([("a", 1, 0.5, "é"), ("b", 2, 1.0, "\n")]) == want


def test_row_digest_sees_order_and_borders() -> None:
    digests = {digest.of_rows(rows) for rows in ([("a", "b")], [("b", "a")], [("ab", "")], [("a",), ("b",)])}
    assert len(digests) == 4


def test_array_digest_is_of_values_not_of_memory() -> None:
    table = np.arange(6, dtype=np.int32).reshape(2, 3)
    want = hashlib.sha256(b'["i4",[2,3]]\n' + table.astype("<i4").tobytes()).hexdigest()
    assert digest.of_arrays(table) == digest.of_arrays(np.asfortranarray(table)) == want
    assert digest.of_arrays(table.astype(">i4")) == want


def test_array_digest_sees_shape_type_and_order() -> None:
    table = np.arange(6, dtype=np.int32).reshape(2, 3)
    others = (table.T, table.astype(np.int64), table.ravel(), table[::-1])
    assert len({digest.of_arrays(array) for array in (table, *others)}) == 5
