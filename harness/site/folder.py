"""The site in a folder: written beside nothing that is not its own, and checked against the records."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from harness.core.errors import UserError
from harness.core.files import write_whole
from harness.figures.files import creator_of, differ

MANIFEST = "site.json"
"""Names the files of the site. A folder without it is not ours."""


def write_site(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the site's files, and remove those of an earlier site that it no longer has.

    A folder that holds anything and is no site is a `UserError`, as is one that cannot be written; nothing is touched
    that the manifest does not name.
    """
    before = owned(folder)
    try:
        # A site that is written halfway, or over an older one, owns the files of both.
        _write_manifest(folder, before | files.keys())
        for name, content in files.items():
            _write(folder / name, content)
        for name in sorted(before - files.keys()):
            (folder / name).unlink(missing_ok=True)
            _remove_empty(folder, (folder / name).parent)
        _write_manifest(folder, set(files))
    except OSError as error:
        raise UserError(f"cannot write the site to {folder}: {error.strerror}") from error


def check_site(folder: Path, files: Mapping[str, bytes], remedy: str) -> Iterator[str]:
    """What is wrong with a site in a folder, given the files that the records give, a line each.

    Another version of the drawing library draws the same records otherwise: figures that it drew are not compared, nor
    are the pixels of any PNG.
    """
    before = owned(folder)
    if not before:
        yield f"{folder} holds no site; write it: {remedy}"
        return
    other = {name for name, content in files.items() if _is_drawn_otherwise(folder / name, content)}
    wrong = [name for name, content in files.items() if name not in other and not _is_same(folder / name, content)]
    for name in sorted(wrong):
        said = "is not what the records give" if (folder / name).is_file() else "is not there"
        yield f"{folder / name} {said}; write the site anew: {remedy}"
    for name in sorted(before - files.keys()):
        yield f"{folder / name} is left over: the records give no such page; write the site anew: {remedy}"


def owned(folder: Path) -> set[str]:
    """The files of the site that a folder holds; none if it is empty or not there. Raises `UserError` for a folder that
    holds something else."""
    if not folder.exists():
        return set()
    if not folder.is_dir():
        raise UserError(f"{folder} is a file; give --out the path of a folder for the site")
    manifest = folder / MANIFEST
    if not manifest.is_file():
        if any(folder.iterdir()):
            raise UserError(
                f"{folder} is not empty and holds no site ({MANIFEST} is not there); nothing was written. "
                "Give --out another folder"
            )
        return set()
    try:
        names = set(json.loads(manifest.read_text(encoding="utf-8"))["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{manifest} does not name the files of a site; give --out another folder") from error
    if odd := sorted(name for name in map(str, names) if not _is_inside(name)):
        raise UserError(f"{manifest} names '{odd[0]}', which is outside the site; give --out another folder")
    return names


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _write_manifest(folder: Path, names: set[str]) -> None:
    text = json.dumps({"files": sorted(names)}, indent=0, ensure_ascii=False)
    write_whole(folder / MANIFEST, f"{text}\n".encode())


def _write(path: Path, content: bytes) -> None:
    """Write a file unless it has that content. It can be made again at any time, so that nothing waits for the disk."""
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _remove_empty(folder: Path, emptied: Path) -> None:
    if emptied != folder and emptied.is_dir() and not any(emptied.iterdir()):
        emptied.rmdir()


def _is_same(path: Path, content: bytes) -> bool:
    if not path.is_file():
        return False
    if path.suffix == ".png":
        return True
    stored = path.read_bytes()
    return stored == content or (
        path.suffix == ".svg" and not differ(content.decode(), stored.decode(errors="replace"))
    )


def _is_drawn_otherwise(path: Path, content: bytes) -> bool:
    """Whether another version of the drawing library drew a figure that is stored."""
    return path.suffix == ".svg" and path.is_file() and creator_of(path.read_bytes()) != creator_of(content)
