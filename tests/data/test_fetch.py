"""Looking data up, getting it, and never using the wrong bytes."""

import hashlib
import io
import os
import resource
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock

from harness.core.errors import UserError
from harness.data import archives, transfer
from harness.data import fetch as lookup
from harness.data.catalogue import DataSet, catalogue
from harness.data.fetch import data_folder, fetch, locate, status, verify
from harness.data.transfer import get

PACKED, PUBLISHED = b"packed" * 1000, b"published" * 100_000
FILES = {"packed.xz": PACKED, "published.gz": PUBLISHED}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def toy(address: str = "", published: str = sha256(PUBLISHED), content: str = sha256(b"content")) -> DataSet:
    """A data set in two forms: one that mirrors have, one that is published at an address."""
    forms: list[dict[str, Any]] = [{"size": len(PACKED), "files": {"packed.xz": sha256(PACKED)}}]
    if address:
        forms.append({"size": len(PUBLISHED), "files": {"published.gz": published}, "address": address})
    about = dict.fromkeys(("title", "version", "licence", "citation", "homepage"), "-")
    return DataSet.model_validate({"name": "toy", "reader": "toy", "content": content, "forms": forms, **about})


@dataclass
class Server:
    """A web server on this machine: what it has, what it was asked, how it misbehaves."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    breaks_after: int | None = None
    mends: bool = False
    resumes: bool = True
    tells_range: bool = True
    overlap: int = 0
    busy: int = 0
    length: str | None = None


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            state.asked.append((self.path, asked))
            data = state.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and state.resumes else 0
            if start >= len(data):
                self.send_error(416)
                return
            if state.busy:
                state.busy -= 1
                self.send_error(503)
                return
            start = max(0, start - state.overlap)
            self.send_response(206 if asked and state.resumes else 200)
            if state.length is None or state.length:
                self.send_header("Content-Length", state.length or str(len(data) - start))
            if asked and state.tells_range:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            self.wfile.write(data[start:][: state.breaks_after])
            if state.mends:
                state.breaks_after = None

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        state.address = f"http://127.0.0.1:{web.server_port}"
        Thread(target=web.serve_forever, args=(0.01,), daemon=True).start()
        yield state
        web.shutdown()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, no mirror; returns where the toy set will lie."""
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HARNESS_MIRROR", raising=False)
    monkeypatch.setattr(transfer, "PAUSES_S", ())
    return tmp_path / "data" / "toy"


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a data set in the place of the catalogue, and a reader that finds the given content."""

    def put(dataset: DataSet, content: str = sha256(b"content")) -> None:
        monkeypatch.setattr(lookup, "find", lambda name: dataset)
        monkeypatch.setitem(sys.modules, "harness.data.sets.toy", SimpleNamespace(content=lambda folder: content))

    return put


@pytest.fixture
def mirrored(tmp_path: Path, folder: Path, use: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror folder with the toy set; returns its file there."""
    file = tmp_path / "mirror" / "toy" / "packed.xz"
    file.parent.mkdir(parents=True)
    file.write_bytes(PACKED)
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path / "mirror"))
    use(toy())
    return file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_absent_set_names_its_size_and_the_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"^data set 'scifact' \(3.1 MB\) is not here; .*harness data fetch scifact$"):
        locate("scifact")
    assert status("scifact") == "absent"
    with pytest.raises(UserError, match="did you mean 'scifact'"):
        fetch("sci-fact")


def test_bundled_set_is_always_here(folder: Path) -> None:
    assert status("digits") == "here"
    assert verify("digits") == locate("digits") == fetch("digits")


def test_data_folder_comes_from_the_environment_else_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_folder() == folder.parent
    monkeypatch.delenv("HARNESS_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
    assert data_folder().name == "data"
    assert "harness" in data_folder().parts


def test_mirror_folder_is_used_in_place(mirrored: Path, folder: Path) -> None:
    assert status("toy") == "in the mirror"
    assert locate("toy") == mirrored.parent
    assert not folder.exists()


def test_verified_file_is_not_read_again_until_it_changes(mirrored: Path) -> None:
    locate("toy")
    times = mirrored.stat()
    mirrored.write_bytes(PACKED[::-1])
    os.utime(mirrored, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert locate("toy") == mirrored.parent
    with pytest.raises(UserError, match="wrong SHA-256"):
        verify("toy")
    os.utime(mirrored, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    with pytest.raises(UserError, match="wrong SHA-256"):
        locate("toy")


def test_wrong_file_in_a_mirror_is_refused_and_left_alone(mirrored: Path) -> None:
    mirrored.write_bytes(b"something else")
    with pytest.raises(UserError, match=f"expected {sha256(PACKED)}, found {sha256(b'something else')}; replace it"):
        locate("toy")
    assert names(mirrored.parent) == ["packed.xz"]


def test_unwritable_data_folder_does_not_stop_the_use_of_a_mirror(
    mirrored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "file"))
    assert locate("toy") == mirrored.parent


def test_mirror_that_is_no_folder_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_MIRROR", "/no/such/place")
    with pytest.raises(UserError, match="HARNESS_MIRROR is '/no/such/place', which is neither"):
        locate("imdb")


def test_fetch_copies_from_a_mirror_folder(mirrored: Path, folder: Path) -> None:
    assert fetch("toy") == folder
    assert (folder / "packed.xz").read_bytes() == PACKED
    assert status("toy") == "here"


def test_download_shows_progress_and_leaves_only_the_file(folder: Path, server: Server, use: Any) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    seen: list[tuple[str, int, int]] = []
    assert fetch("toy", lambda *step: seen.append(step)) == folder
    assert names(folder) == ["published.gz"]
    assert seen[-1] == ("published.gz", len(PUBLISHED), len(PUBLISHED))
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})
    assert len(seen) > 1


def test_fetched_set_is_not_fetched_again(folder: Path, server: Server, use: Any) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    fetch("toy")
    fetch("toy")
    assert len(server.asked) == 1


def test_fetched_set_is_not_fetched_in_another_form(
    mirrored: Path, folder: Path, server: Server, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch("toy")
    monkeypatch.delenv("HARNESS_MIRROR")
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    fetch("toy")
    assert names(folder) == ["packed.xz"]
    assert server.asked == []


def test_mirror_address_comes_before_the_public_one(
    folder: Path, server: Server, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files = {"/mirror/toy/packed.xz": PACKED, "/published.gz": PUBLISHED}
    use(toy(server.address))
    monkeypatch.setenv("HARNESS_MIRROR", f"{server.address}/mirror/")
    fetch("toy")
    assert names(folder) == ["packed.xz"]


def test_public_address_is_asked_when_the_mirror_lacks_the_set(
    folder: Path, server: Server, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    monkeypatch.setenv("HARNESS_MIRROR", f"{server.address}/mirror")
    fetch("toy")
    assert names(folder) == ["published.gz"]


def test_set_that_no_place_has_names_every_place(
    folder: Path, server: Server, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_MIRROR", f"{server.address}/mirror")
    use(toy(server.address))
    with pytest.raises(UserError, match=r"mirror/toy/packed.xz: 404 .*/published.gz: 404 .*set HARNESS_MIRROR"):
        fetch("toy")


def test_set_without_public_address_asks_for_a_mirror(folder: Path, use: Any) -> None:
    use(toy())
    with pytest.raises(UserError, match="it has no public address; set HARNESS_MIRROR"):
        fetch("toy")


def test_server_that_is_off_is_a_clear_error(folder: Path, use: Any) -> None:
    use(toy("http://127.0.0.1:9"))
    with pytest.raises(UserError, match=r"cannot get data set 'toy': http://127.0.0.1:9/published.gz: .*refused"):
        fetch("toy")


def test_broken_download_goes_on_where_it_stopped(folder: Path, server: Server, use: Any) -> None:
    server.files, server.breaks_after = {"/published.gz": PUBLISHED}, 500_000
    use(toy(server.address))
    with pytest.raises(UserError, match=r"broke off at 500.0 kB of 900.0 kB; run the same command again to resume"):
        fetch("toy")
    assert names(folder) == ["published.gz.part"]
    assert status("toy") == "absent"
    server.breaks_after = None
    fetch("toy")
    assert server.asked == [("/published.gz", ""), ("/published.gz", "bytes=500000-")]
    assert (folder / "published.gz").read_bytes() == PUBLISHED


def test_download_restarts_where_a_server_cannot_resume(folder: Path, server: Server, use: Any) -> None:
    server.files, server.breaks_after = {"/published.gz": PUBLISHED}, 500_000
    use(toy(server.address))
    with pytest.raises(UserError):
        fetch("toy")
    server.breaks_after, server.resumes = None, False
    fetch("toy")
    assert (folder / "published.gz").read_bytes() == PUBLISHED


def test_complete_part_of_an_interrupted_run_does_no_harm(folder: Path, server: Server, use: Any) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    folder.mkdir(parents=True)
    (folder / "published.gz.part").write_bytes(PUBLISHED)
    fetch("toy")
    assert names(folder) == ["published.gz"]


def test_wrong_digest_keeps_the_file_aside(folder: Path, server: Server, use: Any) -> None:
    server.files = {"/published.gz": b"an error page"}
    found = sha256(b"an error page")
    use(toy(server.address))
    with pytest.raises(UserError, match=f"expected {sha256(PUBLISHED)}, found {found}; kept as .*wrong-{found[:8]}"):
        fetch("toy")
    assert names(folder) == [f"published.gz.wrong-{found[:8]}"]
    server.files = {"/published.gz": PUBLISHED}
    assert fetch("toy") == folder


def test_only_the_right_bytes_ever_get_the_name(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"wrong")
    with pytest.raises(UserError, match="wrong SHA-256"):
        get(source, target, sha256(b"right"), lambda file, done, total: None, most=1000)
    assert names(tmp_path) == ["source", f"target.wrong-{sha256(b'wrong')[:8]}"]


def test_spoiled_file_in_the_data_folder_is_kept_aside(folder: Path, server: Server, use: Any) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    fetch("toy")
    (folder / "published.gz").write_bytes(b"spoiled")
    with pytest.raises(UserError, match="wrong SHA-256"):
        locate("toy")
    assert names(folder) == [f"published.gz.wrong-{sha256(b'spoiled')[:8]}"]


def test_content_digest_decides_where_the_file_digest_is_unknown(folder: Path, server: Server, use: Any) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address, published=""))
    assert fetch("toy") == folder


@pytest.mark.parametrize("reader", ["wrong", "broken"])
def test_wrong_content_keeps_the_file_aside(
    reader: str, folder: Path, server: Server, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: Path) -> str:
        raise EOFError("the archive ends too soon")

    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address, published=""), content="another")
    if reader == "broken":
        monkeypatch.setattr(sys.modules["harness.data.sets.toy"], "content", broken)
    found = {"wrong": "another", "broken": r"something unreadable \(EOFError: the archive ends too soon\)"}[reader]
    with pytest.raises(UserError, match=f"expected {sha256(b'content')}, found {found}; kept as"):
        fetch("toy")
    assert names(folder) == [f"published.gz.wrong-{sha256(PUBLISHED)[:8]}"]


def test_verify_reads_the_content_even_when_the_files_are_right(mirrored: Path, use: Any) -> None:
    assert verify("toy") == mirrored.parent
    use(toy(), content="another")
    assert locate("toy") == mirrored.parent
    with pytest.raises(UserError, match="wrong content digest"):
        verify("toy")


def test_no_space_names_the_folder_and_both_amounts(
    folder: Path, server: Server, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2_000))
    with pytest.raises(UserError, match=f"no space in {folder}: 900.0 kB needed, 2.0 kB free"):
        fetch("toy")
    assert names(folder) == []


def test_disk_that_fills_up_leaves_no_half_written_file(folder: Path, server: Server, use: Any) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(UserError, match=r"cannot write 900.0 kB to .*published.gz.part: .*HARNESS_DATA"):
            fetch("toy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(folder) == []


def test_folder_that_cannot_be_written_is_named(
    folder: Path, server: Server, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *args: Any, **kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    use(toy(server.address))
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UserError, match=f"cannot write {folder.parent}: Permission denied; set HARNESS_DATA"):
        fetch("toy")


@pytest.mark.parametrize("tells_range", [True, False])
@pytest.mark.parametrize("overlap", [0, 100, 600_000])
def test_a_download_that_breaks_off_is_tried_again_and_never_joined_in_the_wrong_place(
    folder: Path, server: Server, use: Any, monkeypatch: pytest.MonkeyPatch, overlap: int, tells_range: bool
) -> None:
    monkeypatch.setattr(transfer, "PAUSES_S", (0.0,))
    server.files, server.breaks_after, server.mends = {"/published.gz": PUBLISHED}, 500_000, True
    server.overlap, server.tells_range = overlap, tells_range
    use(toy(server.address))
    fetch("toy")
    assert (folder / "published.gz").read_bytes() == PUBLISHED


def test_a_busy_server_is_asked_again_with_growing_pauses(
    folder: Path, server: Server, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []
    monkeypatch.setattr(transfer, "PAUSES_S", (1.0, 4.0))
    monkeypatch.setattr(transfer.time, "sleep", paused.append)
    server.files, server.busy = {"/published.gz": PUBLISHED}, 2
    use(toy(server.address))
    fetch("toy")
    assert paused == [1.0, 4.0]
    shutil.rmtree(folder)
    server.busy = 3
    with pytest.raises(UserError, match="503 Service Unavailable; run the same command again to resume"):
        fetch("toy")


@pytest.mark.parametrize("length", ["12x", "-5", "\u00b2", "1e3"])
def test_a_length_that_is_no_number_is_a_clear_error(folder: Path, server: Server, use: Any, length: str) -> None:
    server.files, server.length = {"/published.gz": PUBLISHED}, length
    use(toy(server.address))
    with pytest.raises(UserError, match=r"it says that it is '.*' bytes long"):
        fetch("toy")


@pytest.mark.parametrize("length", [None, ""])
def test_never_more_is_downloaded_than_the_catalogue_allows(
    folder: Path, server: Server, use: Any, length: str | None
) -> None:
    server.files, server.length = {"/published.gz": PUBLISHED * 2}, length
    use(toy(server.address))
    with pytest.raises(UserError, match=r"is longer than the 990\.0 kB that the catalogue allows"):
        fetch("toy")
    assert names(folder) == []


def test_a_trickle_counts_as_broken_off(
    folder: Path, server: Server, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_WINDOW_S", 1e-9)
    monkeypatch.setattr(transfer, "_SLOWEST", 1e18)
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    with pytest.raises(UserError, match=r"sent .* in 1e-09 s; run the same command again to resume"):
        fetch("toy")


def test_a_part_that_is_a_link_is_not_followed(folder: Path, server: Server, use: Any, tmp_path: Path) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    folder.mkdir(parents=True)
    (tmp_path / "precious").write_bytes(b"precious")
    (folder / "published.gz.part").symlink_to(tmp_path / "precious")
    fetch("toy")
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert (folder / "published.gz").read_bytes() == PUBLISHED


def test_a_second_fetch_says_that_it_waits(folder: Path, server: Server, use: Any) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    folder.mkdir(parents=True)
    lock = FileLock(folder.parent / "toy.lock", thread_local=False)
    lock.acquire()
    assert fetch("toy", waiting=lock.release) == folder


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.parametrize(("bytes_", "members"), [(999, 100), (10**9, 2)])
def test_an_archive_that_unpacks_to_too_much_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, bytes_: int, members: int
) -> None:
    file = tmp_path / f"bomb.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
            for number in range(3):
                zipped.writestr(str(number), bytes(400))
    else:
        with tarfile.open(file, "w:gz") as packed:
            for number in range(3):
                member = tarfile.TarInfo(str(number))
                member.size = 400
                packed.addfile(member, io.BytesIO(bytes(400)))
    archives.check_bounds(file)
    monkeypatch.setattr(archives, "MOST_BYTES", bytes_)
    monkeypatch.setattr(archives, "MOST_MEMBERS", members)
    with pytest.raises(UserError, match="unpacks to more than"):
        archives.check_bounds(file)


def test_two_fetches_at_once_download_once(folder: Path, server: Server, use: Any) -> None:
    server.files = {"/published.gz": PUBLISHED}
    use(toy(server.address))
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(fetch, ["toy", "toy"])) == {folder}
    assert len(server.asked) == 1


def test_every_real_set_in_the_mirror_verifies(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    for name, dataset in catalogue().items():
        if not dataset.bundled and (mirror / name).is_dir():
            assert status(name) == "in the mirror"
            assert locate(name) == mirror / name
