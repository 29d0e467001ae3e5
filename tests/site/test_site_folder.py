"""The folder of a site: nothing that is not the site's own is touched."""

import json
from pathlib import Path

import pytest

from harness.core.errors import UserError
from harness.site.folder import MANIFEST, check_site, write_site

FILES = {"index.html": b"board", "run/a.html": b"run", "site.css": b"style"}


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_site_replaces_an_earlier_one_and_leaves_other_files(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write_site(folder, FILES)
    assert content(folder) == FILES
    (folder / "CNAME").write_text("a host")
    write_site(folder, {"index.html": b"newer"})
    assert content(folder) == {"index.html": b"newer", "CNAME": b"a host"}
    assert not (folder / "run").exists()


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"is not empty and holds no site .* --out another folder"):
        write_site(tmp_path, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("")
    with pytest.raises(UserError, match="is a file; give --out the path of a folder"):
        write_site(tmp_path / "pages", FILES)


@pytest.mark.parametrize("name", ["../precious", "/etc/precious", "a/../../precious"])
def test_a_list_of_files_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (tmp_path / "precious").write_text("kept")
    (folder / MANIFEST).write_text(json.dumps({"files": [name]}))
    with pytest.raises(UserError, match="which is outside the site"):
        write_site(folder, FILES)
    assert (tmp_path / "precious").read_text() == "kept"
    assert content(folder) == {}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"files": 3}'])
def test_a_list_of_files_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(UserError, match="does not name the files of a site"):
        write_site(tmp_path, FILES)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(UserError, match="cannot write the site to"):
        write_site(tmp_path / "taken/site", FILES)


def test_a_check_tells_what_differs(tmp_path: Path) -> None:
    assert list(check_site(tmp_path / "none", FILES, "harness site"))
    folder = tmp_path / "site"
    write_site(folder, FILES)
    assert list(check_site(folder, FILES, "harness site")) == []
    (folder / "index.html").write_text("edited")
    (folder / "site.css").unlink()
    problems = list(check_site(folder, {name: FILES[name] for name in ("index.html", "site.css")}, "harness site"))
    assert len(problems) == 3
    assert "index.html is not what the records give" in problems[0]
    assert "site.css is not there" in problems[1]
    assert "run/a.html is left over" in problems[2]
