"""Where the files of a data set are: finds them, fetches them, and verifies them.

Places are searched in this order: the data folder (`HARNESS_DATA`, else the user's cache folder), a mirror
(`HARNESS_MIRROR`, a folder or an address), the public address. Files in a mirror folder are used where they are.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from harness.core.errors import UserError
from harness.data.archives import check_bounds
from harness.data.catalogue import DataSet, Form, amount, find
from harness.data.transfer import Progress, Unreachable, expect, get, make_room, set_aside, writing

Status: TypeAlias = Literal["here", "in the mirror", "absent"]


_SLACK = 1.1
"""How much longer than the catalogue says a file may be: sizes are approximate where files may change."""


def data_folder() -> Path:
    """The folder of fetched data sets, with a folder for each. It need not exist yet."""
    chosen = os.environ.get("HARNESS_DATA")
    return _in_full(chosen) if chosen else user_cache_path("harness", appauthor=False) / "data"


def _in_full(path: str) -> Path:
    """A folder as the user wrote it, made absolute. The home of an unknown user is a `UserError`."""
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:
        raise UserError(f"{path}: there is no such user; write the folder in full") from error


def mirror() -> str | Path | None:
    """The mirror, which is an address or a folder, or None. Raises `UserError` if `HARNESS_MIRROR` is neither."""
    place = os.environ.get("HARNESS_MIRROR", "")
    if not place or place.startswith(("http://", "https://")):
        return place.rstrip("/") or None
    folder = _in_full(place)
    if not folder.is_dir():
        raise UserError(f"HARNESS_MIRROR is '{place}', which is neither a folder nor an http(s) address")
    return folder


def status(name: str) -> Status:
    """Where a data set is, without verifying it. A mirror that is an address is not asked."""
    dataset = find(name)
    if dataset.bundled:
        return "here"
    for folder, _ in _complete_folders(dataset):
        return "here" if _is_own(folder) else "in the mirror"
    return "absent"


def locate(name: str) -> Path:
    """The folder with the verified files of a data set; for a bundled data set, the folder of the package.

    Files whose size and modification time have not changed since they were verified are not read again. Raises
    `UserError` if the data set is absent or a file is wrong.
    """
    return _locate(name, again=False)


def verify(name: str) -> Path:
    """The same as `locate`, but every file is read again, and the content digest is checked, too."""
    return _locate(name, again=True)


def fetch(
    name: str,
    progress: Progress = lambda file, done, total: None,
    waiting: Callable[[], None] = lambda: None,
) -> Path:
    """Fetch a data set into the data folder, from the mirror or the public address, and return its verified folder.
    Where another process fetches it at this time, `waiting` is called, and its files are waited for.

    Files that are there already are only verified, and an interrupted download is resumed. Raises `UserError` if no
    place has the data set, if a digest is wrong (the file is kept under another name), or if the folder cannot hold it.
    """
    dataset = find(name)
    if not dataset.bundled:
        make_room(data_folder(), 0)
        with writing(data_folder()), _locked(data_folder() / f"{name}.lock", waiting):
            if not any(_is_own(folder) for folder, _ in _complete_folders(dataset)):
                _collect(dataset, progress)
    return locate(name)


def _locate(name: str, *, again: bool) -> Path:
    dataset = find(name)
    if dataset.bundled:
        spec = find_spec(dataset.bundled)
        if spec is None or spec.origin is None:
            raise UserError(f"data set '{name}' comes with the package {dataset.bundled}, which is not installed")
        folder = Path(spec.origin).parent
        if again:
            _check_content(dataset, folder, [])
        return folder
    for folder, form in _complete_folders(dataset):
        if again or _read_stamp(dataset) != _file_states(dataset, form, folder):
            _check(dataset, form, folder, deep=again)
            _write_stamp(dataset, form, folder)
        return folder
    raise UserError(f"data set '{name}' ({amount(dataset.size)}) is not here; get it with: harness data fetch {name}")


@contextmanager
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock; `waiting` is called if that is not possible at once."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _is_own(folder: Path) -> bool:
    return folder.is_relative_to(data_folder())


def _complete_folders(dataset: DataSet) -> Iterator[tuple[Path, Form]]:
    """The folders that have all files of a form, in the order of the search."""
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
                    source = place / path if isinstance(place, Path) else f"{place}/{path}"
                    get(source, target, sha256, progress, most=round(_SLACK * form.size))
        except Unreachable as failure:
            failures.append(str(failure))
        else:
            return
    raise UserError(
        f"cannot get data set '{dataset.name}': {'; '.join(failures) or 'it has no public address'}; "
        "set HARNESS_MIRROR to a folder or address that has it"
    )


def _places(dataset: DataSet) -> Iterator[tuple[str | Path, Form]]:
    """The places where each form may be available, the mirror before the public addresses."""
    match mirror():
        case Path() as folder:
            yield from ((folder / dataset.name, form) for form in dataset.forms)
        case str() as address:
            yield from ((f"{address}/{dataset.name}", form) for form in dataset.forms)
    yield from ((form.address, form) for form in dataset.forms if form.address)


def _check(dataset: DataSet, form: Form, folder: Path, *, deep: bool) -> None:
    """Check the digest of every file; also check the content if `deep`, or if the digest of a file is not known."""
    for path, sha256 in form.files.items():
        expect(sha256, folder / path, folder / path if _is_own(folder) else None)
    unknown = [folder / path for path, sha256 in form.files.items() if not sha256]
    for file in unknown:
        check_bounds(file)
    if unknown or deep:
        _check_content(dataset, folder, unknown if _is_own(folder) else [])


def _check_content(dataset: DataSet, folder: Path, suspects: list[Path]) -> None:
    """Raise `UserError` if the content is not that of the catalogue. The `suspects` are renamed before."""
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


def _file_states(dataset: DataSet, form: Form, folder: Path) -> dict[str, Any]:
    """The state of each file for which it need not be verified again: its size, its modification time and the expected
    digest."""
    stats = {path: (folder / path).stat() for path in form.files}
    return {
        str(folder / path): [stat.st_size, stat.st_mtime_ns, form.files[path] or dataset.content]
        for path, stat in stats.items()
    }


def _stamp_path(dataset: DataSet) -> Path:
    return data_folder() / ".verified" / f"{dataset.name}.json"


def _read_stamp(dataset: DataSet) -> Any:
    with suppress(OSError, ValueError):
        return json.loads(_stamp_path(dataset).read_text(encoding="utf-8"))
    return None


def _write_stamp(dataset: DataSet, form: Form, folder: Path) -> None:
    """Write the stamp in one step. If the data folder cannot be written, files are verified again later, but the run
    goes on."""
    stamp = _stamp_path(dataset)
    with suppress(OSError):
        stamp.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=stamp.parent, delete=False, encoding="utf-8") as file:
            json.dump(_file_states(dataset, form, folder), file)
        Path(file.name).replace(stamp)
