"""A checkpoint is read as it was written, or it is put aside with one line; none of them fails a run."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from harness.core.checkpoints import (
    Checkpoints,
    UnusableCheckpoint,
    checkpoint_of,
    remove_checkpoints,
    stored_checkpoints,
)
from harness.core.spec import Budget

PLACE = "words/smoke/atlas/ppmi/default-s0.json"
STATE = {"weights": torch.arange(6.0).view(2, 3), "step": 7, "lists": [(1, None), {"a": "b"}], "many": 1 << 100}


class Pair(NamedTuple):
    """A class that is not read back."""

    first: int


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def lines() -> list[str]:
    """What was said."""
    return []


@pytest.fixture
def make(tmp_path: Path, lines: list[str]) -> Callable[..., Checkpoints]:
    """Makes the checkpoints of a run, by default all in the same folder and of the same identity."""
    return lambda identity="one", every_s=0.0, folder=tmp_path: Checkpoints(
        folder, PLACE, identity, every_s, lines.append
    )


class Part:
    """Something with a state."""

    def __init__(self, **state: Any) -> None:
        self.state, self.spent, self.budget = state, int(state.get("spent", 0)), Budget("words", 100)

    def state_dict(self) -> dict[str, Any]:
        return self.state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state = state


def write(checkpoints: Checkpoints, loop: int = 1, spent: int = 40, **state: Any) -> None:
    checkpoints.write(loop, 3, {"part": Part(**STATE, **state)}, Part(spent=spent))


def read(checkpoints: Checkpoints, loop: int = 1) -> dict[str, Any] | None:
    """The state in the checkpoint of a loop; None if there is none that can be used."""
    part = Part()
    done = checkpoints.resume(loop, iter(range(10)), {"part": part}, Part())
    assert done == (3 if part.state else 0)
    return part.state or None


def file_of(folder: Path) -> Path:
    (path,) = folder.glob("*.checkpoint")
    return path


def test_a_state_is_read_as_it_was_written(make: Callable[..., Checkpoints]) -> None:
    write(make())
    state = read(make())
    assert state is not None
    assert torch.equal(state.pop("weights"), STATE["weights"])
    assert state == {name: value for name, value in STATE.items() if name != "weights"}


def test_the_newest_checkpoint_of_each_loop_is_kept(make: Callable[..., Checkpoints], tmp_path: Path) -> None:
    for loop, spent in ((1, 10), (1, 20), (2, 30)):
        write(make(), loop, spent, told=spent)
    states = [read(make(), loop) for loop in (1, 2, 3)]
    assert [state and state["told"] for state in states] == [20, 30, None]
    newest = checkpoint_of(tmp_path, PLACE)
    assert newest is not None
    assert (newest.place, newest.share) == (PLACE, 0.3)
    assert stored_checkpoints(tmp_path) == [newest]
    assert checkpoint_of(tmp_path, PLACE.replace("s0", "s1")) is None


def test_removing_leaves_nothing_of_the_run_and_all_of_others(make: Callable[..., Checkpoints], tmp_path: Path) -> None:
    write(make())
    make().put_aside(1, "was made for this test")
    write(make())
    other = Checkpoints(tmp_path, PLACE.replace("s0", "s1"), "one", 0.0)
    write(other)
    remove_checkpoints(tmp_path, PLACE)
    assert [header.place for header in stored_checkpoints(tmp_path)] == [PLACE.replace("s0", "s1")]
    assert len(list(tmp_path.iterdir())) == 1


def test_the_first_checkpoint_is_due_after_the_time_between_two(
    make: Callable[..., Checkpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    checkpoints = make(every_s=600.0)
    now += 599.0
    assert not checkpoints.are_due()
    now += 2.0
    assert checkpoints.are_due()
    write(checkpoints)
    assert not checkpoints.are_due()


def test_a_forked_copy_of_the_process_writes_none(
    make: Callable[..., Checkpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = make()
    assert checkpoints.are_due()
    number = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: number + 1)
    assert not checkpoints.are_due()


@pytest.mark.parametrize("kept", [0, 10, 300, -1])
def test_a_truncated_checkpoint_is_put_aside_with_one_line(
    make: Callable[..., Checkpoints], tmp_path: Path, lines: list[str], kept: int
) -> None:
    write(make())
    path = file_of(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    assert read(make()) is None
    (line,) = lines
    assert PLACE in line
    assert "is truncated or edited; it starts from the beginning" in line
    assert not path.exists()
    assert path.with_suffix(".unusable").exists()


@pytest.mark.parametrize("at", [5, 120, 400, 900, -30])
def test_a_flipped_bit_is_seen(make: Callable[..., Checkpoints], tmp_path: Path, lines: list[str], at: int) -> None:
    write(make())
    content = bytearray(file_of(tmp_path).read_bytes())
    content[at] ^= 1
    file_of(tmp_path).write_bytes(content)
    assert read(make()) is None
    assert len(lines) == 1


def test_a_checkpoint_of_other_code_is_put_aside(make: Callable[..., Checkpoints], lines: list[str]) -> None:
    write(make())
    assert read(make(identity="two")) is None
    assert "was made by another version of the code or on another machine" in lines[0]


def test_what_could_run_code_is_not_written_and_not_unpickled(
    make: Callable[..., Checkpoints], tmp_path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    touched = tmp_path / "touched"
    for value in (Pair(1), Hostile(touched)):
        write(make(), harm=value)
        assert not list(tmp_path.iterdir())
        assert "would not be read; the run goes on" in lines.pop()
    monkeypatch.setattr(torch.serialization, "get_unsafe_globals_in_checkpoint", lambda file: [])
    write(make(), harm=Hostile(touched))
    assert read(make()) is None
    assert "cannot be read (UnpicklingError" in lines[0]
    assert not touched.exists()


def test_what_cannot_be_written_is_said_and_nothing_is_left(
    make: Callable[..., Checkpoints], tmp_path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(make(), told=1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        write(make(), told=2)
    assert lines == [
        f"cannot write a checkpoint of {PLACE}: OSError: [Errno 28] No space left on device; the run goes on"
    ]
    state = read(make())
    assert state is not None
    assert state["told"] == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_state_that_raises_fails_no_run(make: Callable[..., Checkpoints], lines: list[str]) -> None:
    class Raises(Part):
        def state_dict(self) -> dict[str, Any]:
            return {"ratio": 1 / 0}

    make().write(1, 1, {"part": Raises()}, Part())
    assert "ZeroDivisionError: division by zero; the run goes on" in lines[0]


def test_items_before_a_checkpoint_are_taken_and_the_others_are_left(make: Callable[..., Checkpoints]) -> None:
    write(make())
    items = iter(range(10))
    assert make().resume(1, items, {"part": Part()}, Part()) == 3
    assert list(items) == [*range(3, 10)]


@pytest.mark.parametrize("harm", ["fewer items", "another part"])
def test_a_checkpoint_that_does_not_fit_the_loop_is_unusable(make: Callable[..., Checkpoints], harm: str) -> None:
    write(make())
    items, name = (range(2), "part") if harm == "fewer items" else (range(10), "other")
    with pytest.raises(UnusableCheckpoint, match=r"does not fit \((ValueError|KeyError)"):
        make().resume(1, iter(items), {name: Part()}, Part())
