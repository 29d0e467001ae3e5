"""Checkpoints of a long training, from which its run goes on after it was killed."""

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.core.files import replacing
from harness.core.spec import Budget
from harness.core.words import shortened

_LONGEST_HEADER = 2000
_LONGEST_REASON = 200
_UNKNOWN = "0" * 64


class Stateful(Protocol):
    """What changes in a training loop. Torch's modules, optimizers and schedules are of this kind.

    A state consists of tensors, plain values, and dictionaries, lists and tuples of these. Nothing else is unpickled.
    Tensors come back on the device that they were on.
    """

    def state_dict(self) -> Mapping[str, Any]: ...
    def load_state_dict(self, state_dict: Any, /) -> Any: ...


class Drawing(Stateful, Protocol):
    """What hands the items of a loop out: the run."""

    @property
    def spent(self) -> int: ...
    @property
    def budget(self) -> Budget: ...


class UnusableCheckpoint(Exception):
    """Why a run cannot go on from a checkpoint, in words that complete "its checkpoint"."""


class Header(BaseModel):
    """What a checkpoint says of itself: the place of its run's record, the identity of code and machine, the budget
    that was spent and the whole of it, and the SHA-256 of the content that follows."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    place: str
    identity: str
    spent: int
    total: int
    sha256: str = _UNKNOWN

    @property
    def share(self) -> float:
        """The share of the budget that was spent."""
        return self.spent / self.total if self.total else 1.0


class Checkpoints:
    """The checkpoints of one run in a folder: a file for each of its training loops, the loop's newest.

    A checkpoint is used only by runs of the same `identity`, a digest of the run's key and of the code and the machine
    on which equal scores depend. At least `every_s` seconds lie between the beginning and the first checkpoint, and
    between two. What cannot be read or written is said in one line through `warn`, and fails no run.
    """

    def __init__(
        self, folder: Path, place: str, identity: str, every_s: float, warn: Callable[[str], None] | None = None
    ) -> None:
        self._folder, self._place, self._identity, self._every_s = folder, place, identity, every_s
        self._warn = warn or (lambda line: print(line, file=sys.stderr, flush=True))
        self._process = os.getpid()
        self._next = time.monotonic() + every_s

    def are_due(self) -> bool:
        """Whether it is time for the next checkpoint. Never in a copy of the run's process, which an entrant forked."""
        return time.monotonic() >= self._next and os.getpid() == self._process

    def write(self, loop: int, done: int, state: Mapping[str, Stateful], run: Drawing) -> None:
        """Write the checkpoint of a loop after so many items, whole or not at all, in place of the one before."""
        import torch

        header = Header(place=self._place, identity=self._identity, spent=run.spent, total=run.budget.total)
        try:
            states = {name: part.state_dict() for name, part in state.items()}
            with replacing(self._path(loop)) as file:
                start = file.write(_line(header))
                torch.save({"done": done, "state": states, "run": run.state_dict()}, file)
                file.flush()
                with open(file.name, "rb") as written:
                    written.seek(start)
                    if unsafe := torch.serialization.get_unsafe_globals_in_checkpoint(written):
                        raise TypeError(f"a state that holds {', '.join(unsafe)} would not be read")
                    written.seek(start)
                    sha256 = hashlib.file_digest(written, "sha256").hexdigest()
                file.seek(0)
                file.write(_line(header.model_copy(update={"sha256": sha256})))
        except Exception as error:  # a full disk, too little memory, or whatever an entrant's state raises
            self._warn(f"cannot write a checkpoint of {self._place}: {_reason(error)}; the run goes on")
        self._next = time.monotonic() + self._every_s

    def resume(self, loop: int, items: Iterator[Any], state: Mapping[str, Stateful], run: Drawing) -> int:
        """Bring the state of a loop and its run back from the loop's checkpoint, if it has one. Returns the number of
        items before it, which are taken from `items`. Raises `UnusableCheckpoint` if the checkpoint does not fit."""
        saved = self.read(loop)
        if saved is None:
            return 0
        try:
            done: int = saved["done"]
            taken = sum(1 for _ in islice(items, done))
            if taken < done:
                raise ValueError(f"it was made after {done} items, of which there are now {taken}")
            for name, part in state.items():
                part.load_state_dict(saved["state"][name])
            run.load_state_dict(saved["run"])
        except Exception as error:
            raise UnusableCheckpoint(f"does not fit ({_reason(error)})") from error
        return done

    def read(self, loop: int) -> dict[str, Any] | None:
        """The content of the checkpoint of a loop; None if there is none, or if it had to be put aside."""
        import torch

        try:
            with self._path(loop).open("rb") as file:
                header = _header(file)
                start = file.tell()
                if (header.place, header.identity) != (self._place, self._identity):
                    raise UnusableCheckpoint("was made by another version of the code or on another machine")
                if hashlib.file_digest(file, "sha256").hexdigest() != header.sha256:
                    raise UnusableCheckpoint("is truncated or edited")
                file.seek(start)
                content: dict[str, Any] = torch.load(file, weights_only=True)
                return content
        except FileNotFoundError:
            return None
        except UnusableCheckpoint as why:
            self.put_aside(loop, str(why))
        except Exception as error:
            self.put_aside(loop, f"cannot be read ({_reason(error)})")
        return None

    def put_aside(self, loop: int, why: str) -> None:
        """Put the checkpoint of a loop aside, so that the loop starts from its beginning."""
        with suppress(OSError):
            self._path(loop).replace(self._path(loop).with_suffix(".unusable"))
        self._warn(f"{self._place} does not go on from its checkpoint, which {why}; it starts from the beginning")

    def put_all_aside(self, why: str) -> None:
        """Put the checkpoints of all loops aside."""
        for loop in [int(path.stem.rpartition("-")[2]) for path in _files(self._folder, self._place)]:
            self.put_aside(loop, why)

    def _path(self, loop: int) -> Path:
        return self._folder / f"{_stem(self._place)}-{loop}.checkpoint"


def checkpoint_of(folder: Path, place: str) -> Header | None:
    """The header of the newest checkpoint of a run, if it has one. Only the header is read."""
    headers = [header for path in _files(folder, place) if (header := _header_of(path))]
    return max(headers, key=lambda header: header.spent, default=None)


def stored_checkpoints(folder: Path) -> list[Header]:
    """The header of the newest checkpoint of every run that has one, in order of place."""
    headers = [header for path in folder.glob("*.checkpoint") if (header := _header_of(path))]
    headers.sort(key=lambda header: (header.place, header.spent))
    return list({header.place: header for header in headers}.values())


def remove_checkpoints(folder: Path, place: str) -> None:
    """Remove all that a run's checkpoints have left in the folder."""
    for path in [*folder.glob(f"{_stem(place)}-*"), *folder.glob(f".{_stem(place)}-*")]:
        path.unlink(missing_ok=True)


def _stem(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()[:24]


def _files(folder: Path, place: str) -> Iterator[Path]:
    yield from sorted(folder.glob(f"{_stem(place)}-*.checkpoint"))


def _line(header: Header) -> bytes:
    return f"{header.model_dump_json()}\n".encode()


def _header(file: BinaryIO) -> Header:
    """The header at the beginning of a file."""
    try:
        return Header.model_validate_json(file.readline(_LONGEST_HEADER))
    except ValidationError as error:
        raise UnusableCheckpoint("is truncated or edited") from error


def _header_of(path: Path) -> Header | None:
    try:
        with path.open("rb") as file:
            return _header(file)
    except (OSError, UnusableCheckpoint):
        return None


def _reason(error: Exception) -> str:
    return shortened(" ".join(f"{type(error).__name__}: {error}".split()), _LONGEST_REASON)
