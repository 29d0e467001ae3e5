"""Where the files of a data set are: look them up, get them, and make sure that they are the right ones.

Looked up in this order: the data folder (`HARNESS_DATA`, else the user's cache folder), a mirror (`HARNESS_MIRROR`, a
folder or an address), the public address. Files in a mirror folder are used where they lie.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias

from filelock import FileLock
from platformdirs import user_cache_path

from harness.core.errors import UserError
from harness.data.catalogue import DataSet, Form, amount, find
from harness.data.transfer import Progress, Unreachable, expect, get, make_room, set_aside, writing

Status: TypeAlias = Literal["here", "in the mirror", "absent"]


def data_folder() -> Path:
    """The folder of fetched data sets, a folder each; it need not exist yet."""
    chosen = os.environ.get("HARNESS_DATA")
    return Path(chosen).expanduser().absolute() if chosen else user_cache_path("harness", appauthor=False) / "data"


def mirror() -> str | Path | None:
    """The mirror, an address or a folder. Raises `UserError` when `HARNESS_MIRROR` is neither."""
    place = os.environ.get("HARNESS_MIRROR", "")
    if not place or place.startswith(("http://", "https://")):
        return place.rstrip("/") or None
    folder = Path(place).expanduser().absolute()
    if not folder.is_dir():
        raise UserError(f"HARNESS_MIRROR is '{place}', which is neither a folder nor an http(s) address")
    return folder


def status(name: str) -> Status:
    """Where a data set is, without verifying it; a mirror that is an address is not asked."""
    dataset = find(name)
    if dataset.bundled:
        return "here"
    for folder, _ in _shelves(dataset):
        return "here" if _is_own(folder) else "in the mirror"
    return "absent"


def locate(name: str) -> Path:
    """The folder with the verified files of a data set (of the package, for a bundled one).

    Files whose size and modification time have not changed since they were verified are not read again. Raises
    `UserError` when the set is absent or a file is not the right one.
    """
    return _located(name, anew=False)


def verify(name: str) -> Path:
    """Like `locate`, but every file is read again, and the content digest is checked as well."""
    return _located(name, anew=True)


def fetch(name: str, progress: Progress = lambda file, done, total: None) -> Path:
    """Bring a data set into the data folder, from the mirror or the public address; returns its verified folder.

    What is there already is verified only; an interrupted download goes on where it stopped. Raises `UserError` when no
    place has the set, a digest is wrong (the file is kept aside) or the folder cannot take it.
    """
    dataset = find(name)
    if not dataset.bundled:
        make_room(data_folder(), 0)
        with writing(data_folder()), FileLock(data_folder() / f"{name}.lock"):
            if not any(_is_own(folder) for folder, _ in _shelves(dataset)):
                _collect(dataset, progress)
    return locate(name)


def _located(name: str, *, anew: bool) -> Path:
    dataset = find(name)
    if dataset.bundled:
        spec = find_spec(dataset.bundled)
        if spec is None or spec.origin is None:
            raise UserError(f"data set '{name}' comes with the package {dataset.bundled}, which is not installed")
        folder = Path(spec.origin).parent
        if anew:
            _check_content(dataset, folder, [])
        return folder
    for folder, form in _shelves(dataset):
        if anew or _remembered(dataset) != _marks(dataset, form, folder):
            _check(dataset, form, folder, deep=anew)
            _remember(dataset, form, folder)
        return folder
    raise UserError(f"data set '{name}' ({amount(dataset.size)}) is not here; get it with: harness data fetch {name}")


def _is_own(folder: Path) -> bool:
    return folder.is_relative_to(data_folder())


def _shelves(dataset: DataSet) -> Iterator[tuple[Path, Form]]:
    """The folders that have all files of a form, in look-up order."""
    for root in (data_folder(), mirror()):
        if isinstance(root, Path):
            folder = root / dataset.name
            for form in dataset.forms:
                if all((folder / path).is_file() for path in form.files):
                    yield folder, form


def _collect(dataset: DataSet, progress: Progress) -> None:
    """Get the files of one form, from the first place that has them."""
    folder, failures = data_folder() / dataset.name, []
    for place, form in _places(dataset):
        make_room(folder, form.size)
        try:
            for path, sha256 in form.files.items():
                target = folder / path
                if not target.exists():
                    make_room(target.parent, 0)
                    get(place / path if isinstance(place, Path) else f"{place}/{path}", target, sha256, progress)
        except Unreachable as failure:
            failures.append(str(failure))
        else:
            return
    raise UserError(
        f"cannot get data set '{dataset.name}': {'; '.join(failures) or 'it has no public address'}; "
        "set HARNESS_MIRROR to a folder or address that has it"
    )


def _places(dataset: DataSet) -> Iterator[tuple[str | Path, Form]]:
    """Where each form may be got: the mirror before the public addresses."""
    match mirror():
        case Path() as folder:
            yield from ((folder / dataset.name, form) for form in dataset.forms)
        case str() as address:
            yield from ((f"{address}/{dataset.name}", form) for form in dataset.forms)
    yield from ((form.address, form) for form in dataset.forms if form.address)


def _check(dataset: DataSet, form: Form, folder: Path, *, deep: bool) -> None:
    """Check the digest of every file; and of the content if `deep`, or if the digest of a file is not known."""
    for path, sha256 in form.files.items():
        expect(sha256, folder / path, folder / path if _is_own(folder) else None)
    unknown = [folder / path for path, sha256 in form.files.items() if not sha256]
    if unknown or deep:
        _check_content(dataset, folder, unknown if _is_own(folder) else [])


def _check_content(dataset: DataSet, folder: Path, suspects: list[Path]) -> None:
    """Raise `UserError`, after the suspects were set aside, when the content is not what the catalogue states."""
    reader = import_module(f"harness.data.sets.{dataset.reader}")
    try:
        found = reader.content(folder)
    except Exception as error:
        found = f"something unreadable ({type(error).__name__}: {error})"
    if found != dataset.content:
        kept = "".join(f"; kept as {set_aside(file, file)}, fetch it again" for file in suspects)
        raise UserError(
            f"data set '{dataset.name}' in {folder} has a wrong content digest: "
            f"expected {dataset.content}, found {found}{kept}"
        )


def _marks(dataset: DataSet, form: Form, folder: Path) -> dict[str, Any]:
    """What a file looks like while it need not be verified again: its size, its time, the digest asked for."""
    stats = {path: (folder / path).stat() for path in form.files}
    return {
        str(folder / path): [stat.st_size, stat.st_mtime_ns, form.files[path] or dataset.content]
        for path, stat in stats.items()
    }


def _stamp(dataset: DataSet) -> Path:
    return data_folder() / ".verified" / f"{dataset.name}.json"


def _remembered(dataset: DataSet) -> Any:
    with suppress(OSError, ValueError):
        return json.loads(_stamp(dataset).read_text(encoding="utf-8"))
    return None


def _remember(dataset: DataSet, form: Form, folder: Path) -> None:
    """Write the stamp in one step. A data folder that cannot be written costs time, not the run."""
    stamp = _stamp(dataset)
    with suppress(OSError):
        stamp.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=stamp.parent, delete=False, encoding="utf-8") as file:
            json.dump(_marks(dataset, form, folder), file)
        Path(file.name).replace(stamp)
