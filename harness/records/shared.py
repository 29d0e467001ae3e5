"""The folder of files that records share, each named by the digest of its content."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.core.files import write_whole
from harness.records.form import CorruptRecord, UnusableRecord, not_in_form, shared_digest
from harness.records.parts import SHARED


@dataclass
class SharedFiles:
    """A folder of shared files. What was read once is kept."""

    folder: Path
    _found: dict[str, Mapping[str, Any]] = field(default_factory=dict, init=False, repr=False)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files by their digest, those that are not there as they should be. Processes that write the same one at
        the same time do each other no harm."""
        for digest, data in files.items():
            path = self.path(digest)
            if not path.is_file() or path.read_bytes() != data:
                write_whole(path, data)

    def find(self, kind: str, digest: str) -> Mapping[str, Any]:
        """What the file with a digest holds. Raises `UnusableRecord`, which says how it is repaired, if it is missing
        or edited, and `CorruptRecord` if it does not have the form of its kind."""
        if digest not in self._found:
            path = self.path(digest)
            try:
                data = path.read_bytes()
            except OSError:
                data = b""
            if shared_digest(data) != digest:
                repair = shlex.join(["git", "checkout", "--", str(path)])
                raise UnusableRecord(f"{path} is missing or edited (`{repair}` restores it if it was committed)")
            self._found[digest] = content_of(kind, data)
        return self._found[digest]

    def path(self, digest: str) -> Path:
        """Where the file with a digest lies."""
        return self.folder / f"{digest}.json"


def content_of(kind: str, data: bytes) -> Mapping[str, Any]:
    """What the bytes of a shared file hold. Raises `CorruptRecord` if they do not have the form of their kind."""
    try:
        content: Mapping[str, Any] = SHARED[kind].validate_json(data)
    except ValidationError as error:
        raise CorruptRecord(f"with a shared file that is {not_in_form(error)}") from error
    return content
