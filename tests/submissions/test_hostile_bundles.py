"""A file that is no sound bundle is one line; nothing is written outside, and nothing is lost."""

import io
import json
import stat
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bundles import OpenBundle
from harness.core.errors import UserError
from harness.submissions.limits import MOST_MEMBERS, check_archive
from harness.submissions.manifest import MANIFEST

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Spoil = Callable[[dict[str, bytes]], bytes]


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def with_member(name: str, mode: int = 0, data: bytes = b"evil") -> Spoil:
    """The bundle with one more member, which it does not name otherwise."""

    def spoil(files: dict[str, bytes]) -> bytes:
        buffer = io.BytesIO(zipped(files))
        with zipfile.ZipFile(buffer, "a") as archive:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data)
        return buffer.getvalue()

    return spoil


def declared(size: int) -> Spoil:
    """The bundle with three members more, which say that they have so many bytes when they are unpacked."""

    def spoil(files: dict[str, bytes]) -> bytes:
        data = bytearray(zipped(files | {f"source/{name}.bin": bytes(9) for name in "abc"}))
        for name in (b"source/a.bin", b"source/b.bin", b"source/c.bin"):
            entry = data.rindex(name) - 46
            assert data[entry : entry + 4] == b"PK\1\2"
            struct.pack_into("<L", data, entry + 24, size)
        return bytes(data)

    return spoil


def of_form(form: object) -> Spoil:
    def spoil(files: dict[str, bytes]) -> bytes:
        manifest = json.loads(files[MANIFEST])
        return zipped({**files, MANIFEST: json.dumps({**manifest, "form": form}).encode()})

    return spoil


def manifest_of(text: bytes) -> Spoil:
    return lambda files: zipped({**files, MANIFEST: text})


def without(name: str) -> Spoil:
    return lambda files: zipped({other: data for other, data in files.items() if other != name})


def with_directory_of(size: int) -> Spoil:
    def spoil(files: dict[str, bytes]) -> bytes:
        data = bytearray(zipped(files))
        struct.pack_into("<L", data, len(data) - 10, size)
        return bytes(data)

    return spoil


def encrypted(files: dict[str, bytes]) -> bytes:
    data = bytearray(zipped(files))
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def of_many(files: dict[str, bytes]) -> bytes:
    return zipped(files | {f"source/{number}": b"" for number in range(MOST_MEMBERS)})


BAD: dict[str, tuple[Spoil, str]] = {
    "no zip": (lambda files: b"not a zip archive at all", "is no zip archive"),
    "nothing": (lambda files: b"", "is no zip archive"),
    "cut off": (lambda files: zipped(files)[:-30], "is no zip archive, or is cut off"),
    "a hole": (lambda files: b"PK" + bytes(400) + zipped(files)[402:], "is damaged"),
    "another zip": (lambda files: zipped({"source/a.txt": b"hello"}), "has no bundle.json"),
    "above": (with_member("../evil.py"), "'../evil.py' could lead elsewhere"),
    "above, inside": (with_member("source/../../evil.py"), "could lead elsewhere"),
    "absolute": (with_member("/tmp/evil.py"), "'/tmp/evil.py' could lead elsewhere"),
    "another drive": (with_member("source/c:evil.py"), "could lead elsewhere"),
    "backslashes": (with_member("source\\..\\evil.py"), "could lead elsewhere"),
    "another folder": (with_member("methods/evil.py"), "could lead elsewhere"),
    "control characters": (with_member("source/\x1b[31mred.py"), "could lead elsewhere"),
    "a long name": (with_member(f"source/{'x' * 5000}"), "could lead elsewhere"),
    "a folder": (with_member("source/folder/"), "could lead elsewhere"),
    "a link": (with_member("source/link", stat.S_IFLNK | 0o777, b"/etc/passwd"), "is not a plain file"),
    "a device": (with_member("source/device", stat.S_IFCHR | 0o666), "is not a plain file"),
    "a name twice": (with_member("source/WAVES.py"), "'source/WAVES.py' is there twice"),
    "a file as a folder": (with_member("source/waves.py/x.py"), "but not named in bundle.json"),
    "a file more": (with_member("source/more.py"), "'source/more.py' is there, but not named in bundle.json"),
    "a file less": (without("source/waves.py"), "'source/waves.py' is missing, though bundle.json names it"),
    "another file": (lambda files: zipped(files | {"source/waves.py": b"x = 1"}), "its digest differs"),
    "10 GB": (declared(3_500_000_000), "larger than bundles may be: 1.0 GB unpacked, 20,000 files"),
    "a wrong size": (declared(5), "but not named in bundle.json"),
    "many files": (of_many, "larger than bundles may be"),
    "a large directory": (with_directory_of(2**31), "larger than bundles may be"),
    "a password": (encrypted, "encrypted"),
    "a later version": (of_form(99), "made by a later version of the harness (form 99, here 1)"),
    "an earlier version": (of_form(0), "made by an earlier version of the harness (form 0, here 1)"),
    "a form of words": (of_form("new"), "bundle.json: form"),
    "no JSON": (manifest_of(b"{"), "bundle.json: "),
    "another JSON": (manifest_of(b"[1]"), "bundle.json: "),
    "deep JSON": (manifest_of(b"[" * 100_000), "bundle.json: "),
}


def everything(folder: Path) -> dict[str, bytes]:
    return {path.as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def files(bundle: Path) -> dict[str, bytes]:
    """The files of an honest bundle."""
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("name", ["verify", "merge"])
def test_what_is_no_bundle_is_one_line_and_nothing_is_written(
    tell: Command, files: dict[str, bytes], tmp_path: Path, name: str, kind: str
) -> None:
    spoil, message = BAD[kind]
    (tmp_path / "bad.zip").write_bytes(spoil(files))
    before = everything(tmp_path)
    done = tell(name, "bad.zip")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("harness: bad.zip")
    assert message in line
    assert line.isprintable()
    assert everything(tmp_path) == before


def test_a_name_is_no_bundle(tell: Command) -> None:
    assert "absent.zip is no file" in tell("verify", "absent.zip").stderr


SOURCES = {
    "a syntax error": ("def f(:", "waves.py, line 1"),
    "no entrant": ("x = 1", "defines no entrant"),
    "another entrant": ("NAME", "does not define the entrant waves of tides"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_source_without_its_entrant_is_one_line(tell: Command, opened: OpenBundle, tmp_path: Path, kind: str) -> None:
    text, message = SOURCES[kind]
    path = opened.folder / "source" / "waves.py"
    path.write_text(path.read_text().replace('"waves"', '"others"') if text == "NAME" else text)
    opened.close(tmp_path / "bad.zip")
    done = tell("verify", "bad.zip", "--sample", "0")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert message in line


def test_source_in_a_bundle_is_read_and_not_executed_without_a_sample(
    tell: Command, opened: OpenBundle, tmp_path: Path
) -> None:
    path, mark = opened.folder / "source" / "waves.py", tmp_path / "executed"
    path.write_text(f"open({str(mark)!r}, 'w')\n{path.read_text()}")
    opened.close(tmp_path / "bad.zip")
    assert tell("verify", "bad.zip", "--sample", "0").returncode == 1
    assert tell("merge", "bad.zip").returncode == 2
    assert not mark.exists()


def test_an_unknown_task_is_named(tell: Command, opened: OpenBundle, tmp_path: Path) -> None:
    opened.manifest["task"] = "tidess"
    opened.close(tmp_path / "bad.zip")
    assert "unknown task 'tidess'; did you mean tides" in tell("verify", "bad.zip", "--sample", "0").stderr


def test_trials_without_number_are_refused_before_they_are_planned(
    tell: Command, opened: OpenBundle, tmp_path: Path
) -> None:
    path = opened.folder / "source" / "tuned.toml"
    path.write_text(path.read_text().replace("asked = 3", "asked = 1000000000"))
    opened.close(tmp_path / "bad.zip")
    done = tell("verify", "bad.zip", "--sample", "0")
    assert done.returncode == 2
    assert "1,000,000,000 trials with seed 1000 are more than" in done.stderr


def test_an_archive_of_items_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "items.npz"
    path.write_bytes(declared(3_500_000_000)({"error.npy": b""}))
    with path.open("rb") as file, pytest.raises(UserError, match="larger than bundles may be"):
        check_archive(path, file)


def test_an_archive_of_items_as_runs_write_it_is_bearable(tmp_path: Path) -> None:
    path = tmp_path / "items.npz"
    np.savez_compressed(path, error=np.zeros(3, np.float32))
    with path.open("rb") as file:
        check_archive(path, file)
