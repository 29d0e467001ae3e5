"""A file is written whole or not at all, by whatever its writing is interrupted."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.core.files import names_in, replacing, write_whole

WRITES_A_PART = """
import sys, time
from pathlib import Path
from harness.core.files import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"a part of something longer")
    file.flush()
    print("wrote", flush=True)
    time.sleep(60)
"""


def test_a_file_is_written_with_the_folders_that_it_needs(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "file", b"new")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"new"


def test_a_reader_meets_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_interrupts_the_writing_leaves_the_old_file_alone(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with replacing(path) as file:
            file.write(b"ne")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_has_left_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "file"
    writer = subprocess.Popen([sys.executable, "-c", WRITES_A_PART, path], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "wrote\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert [left.suffix for left in tmp_path.iterdir()] == [".part"]
    write_whole(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_who_writes_the_same_file_waits_for_the_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with ThreadPoolExecutor(1) as pool:
        with replacing(path) as file:
            file.write(b"first")
            second = pool.submit(write_whole, path, b"second")
            with pytest.raises(TimeoutError):
                second.result(timeout=0.1)
            assert not path.exists()
        second.result(timeout=10)
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_many_writers_of_the_same_file_leave_one_of_theirs_whole(tmp_path: Path) -> None:
    path, contents = tmp_path / "file", [bytes([number]) * 10_000 * number for number in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda data: [write_whole(path, data) for _ in range(10)], contents))
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_names_are_listed_by_their_beginning_and_ending(tmp_path: Path) -> None:
    for name in ("[a]-s1.json", "[a]-s1.x.npz", "a-s1.x.npz", "b"):
        (tmp_path / name).touch()
    assert names_in(tmp_path) == ["[a]-s1.json", "[a]-s1.x.npz", "a-s1.x.npz", "b"]
    assert names_in(tmp_path, beginning="[a]-s1.", ending=".npz") == ["[a]-s1.x.npz"]
    assert names_in(tmp_path / "missing") == names_in(tmp_path / "b") == []
