"""A bundle as a file: a zip archive of records and source. It is unpacked as a file that a stranger wrote."""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.core.errors import UserError
from harness.core.files import replacing
from harness.core.words import printable, shortened
from harness.data.catalogue import amount
from harness.records.store import Store
from harness.submissions.limits import LONGEST_NAME, MOST_BYTES, check_amount, check_archive
from harness.submissions.manifest import MANIFEST, Manifest, Member, read_manifest, sha256

MOST_MANIFEST_BYTES = 8 * 10**6
RECORDS, SOURCE = "records", "source"
"""The folders of a bundle."""

_WHEN = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """A bundle that was unpacked into a folder. Its files have the digests that its manifest states; what the files say
    has not been checked yet."""

    path: Path
    folder: Path
    manifest: Manifest
    digest: str

    @property
    def store(self) -> Store:
        """Its records."""
        return Store(self.folder)

    @property
    def source(self) -> Path:
        """The file that defines its entrant."""
        return self.folder / SOURCE / self.manifest.source

    @property
    def name(self) -> str:
        """A name that differs from those of other bundles, safe as that of a file."""
        return f"{self.manifest.task}-{self.manifest.entrant}-{self.digest[:12]}"


def members_of(files: Mapping[str, bytes]) -> dict[str, Member]:
    """What a manifest says of some files, by name."""
    return {name: Member(size=len(data), digest=sha256(data)) for name, data in sorted(files.items())}


def pack(path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Write a bundle, whole or not at all. The same content gives the same bytes. A bundle that is larger than bundles
    may be, and a file that cannot be written, is a `UserError`."""
    content = {MANIFEST: manifest.to_bytes(), **dict(sorted(files.items()))}
    check_amount(path, len(content), sum(map(len, content.values())))
    try:
        with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content.items():
                archive.writestr(zipfile.ZipInfo(name, _WHEN), data, zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def unpack(path: Path, folder: Path) -> Bundle:
    """Unpack a bundle into an empty folder, and nowhere else.

    Whatever is no sound bundle is a `UserError` in one line: no zip archive; one that is damaged, too large or of too
    many files; a name that leads elsewhere; links; files that its manifest does not name, or names otherwise.
    """
    if not path.is_file():
        raise UserError(f"{path} is no file; `harness submit` makes bundles")
    try:
        with path.open("rb") as file:
            check_archive(path, file)
            with zipfile.ZipFile(file) as archive:
                return _unpacked(path, archive, folder)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UserError(f"{path} is damaged: {printable(str(error))}; get it again") from error


def _unpacked(path: Path, archive: zipfile.ZipFile, folder: Path) -> Bundle:
    infos = archive.infolist()
    for fault in _faults(infos):
        raise UserError(f"{path}: {fault}; nothing of it was unpacked")
    by_name = {info.filename: info for info in infos}
    if MANIFEST not in by_name:
        raise UserError(f"{path} is no bundle: it has no {MANIFEST}; `harness submit` makes bundles")
    if by_name[MANIFEST].file_size > MOST_MANIFEST_BYTES:
        raise UserError(f"{path}: {MANIFEST} has more than {amount(MOST_MANIFEST_BYTES)}")
    manifest, digest = read_manifest(archive.read(MANIFEST), str(path))
    stated = manifest.members
    if others := sorted(stated.keys() ^ (by_name.keys() - {MANIFEST})):
        what = "is missing, though" if others[0] in stated else "is there, but not named in"
        raise UserError(f"{path}: {_quoted(others[0])} {what} {MANIFEST}{' names it' * (others[0] in stated)}")
    for name, member in stated.items():
        with archive.open(name) as packed:
            data = packed.read(MOST_BYTES)
        if (len(data), sha256(data)) != (member.size, member.digest):
            raise UserError(f"{path}: {_quoted(name)} is not the file that {MANIFEST} names: its digest differs")
        target = folder.joinpath(*PurePosixPath(name).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(data)
    if f"{SOURCE}/{manifest.source}" not in stated:
        raise UserError(f"{path}: the file of its entrant, {_quoted(manifest.source)}, is not in it")
    return Bundle(path, folder, manifest, digest)


def keep(bundle: Bundle, path: Path) -> None:
    """Copy a bundle's own file to a path, whole or not at all. Raises `OSError`."""
    with bundle.path.open("rb") as source, replacing(path) as target:
        shutil.copyfileobj(source, target)


def _faults(infos: Iterable[zipfile.ZipInfo]) -> Iterator[str]:
    """What must not be in a bundle, in words."""
    seen: set[str] = set()
    for info in infos:
        name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
        if not _is_plain(name) or name != info.filename:
            yield f"the name {_quoted(name)} could lead elsewhere"
        elif kind not in (0, stat.S_IFREG):
            yield f"{_quoted(name)} is not a plain file"
        elif info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield f"{_quoted(name)} is encrypted, or packed in another way than bundles are"
        elif name.casefold() in seen:
            yield f"{_quoted(name)} is there twice"
        seen.add(name.casefold())


def _is_plain(name: str) -> bool:
    """Whether a name is that of a file in a bundle, on every system."""
    parts = PurePosixPath(name).parts
    return (
        (name == MANIFEST or (len(parts) > 1 and parts[0] in (RECORDS, SOURCE)))
        and "/".join(parts) == name
        and ".." not in parts
        and name.isprintable()
        and not set(name).intersection('\\:*?"<>|')
        and len(name.encode()) <= LONGEST_NAME
    )


def _quoted(name: str) -> str:
    return f"'{shortened(printable(name), 120)}'"
