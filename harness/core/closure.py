"""The closure walk: which source files an entrant or a protocol consists of, and the digest of their meaning.

Import statements are followed by reading files; nothing is imported. A file's digest is that of its syntax tree without
positions, docstrings and comments: editing a comment makes no record stale, and editing a helper makes stale exactly
the records of the entrants that import it. Entrants' search spaces are left out, too: no run depends on them, since the
values that tuning chose from them are among a run's parameters.
"""

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

from harness.core.canonical import digest
from harness.core.errors import UserError


@dataclass(frozen=True)
class Closure:
    """Files by name relative to the walk's root, each with the digest of its meaning."""

    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The digest of the whole closure."""
        return digest(dict(self.files))


def closure(
    start: Iterable[Path],
    root: Path,
    extra: Iterable[Path] = (),
    skip: Callable[[Path], bool] = lambda path: False,
) -> Closure:
    """All Python files below `root` that the `start` files lead to by import, the packages that hold them included, and
    the bytes of the `extra` files.

    `root` is the folder that bounds the walk: an import that does not lead to a file below it is not followed. Where
    `root` is a package, its absolute imports are followed by the package's name, else by the name of the module in
    the folder. Files for which `skip` is true are neither entered nor counted.
    """
    files: dict[str, str] = {}
    queue = [_placed(path) for path in start]
    root = root.resolve()
    while queue:
        path = queue.pop()
        name = path.relative_to(root).as_posix()
        if name in files or skip(path):
            continue
        stat = path.stat()
        files[name], imports = _read(path, stat.st_mtime_ns, stat.st_size)
        queue += _packages(path, root)
        queue += _targets(imports, path, root)
    for path in extra:
        files[_placed(path).relative_to(root).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    return Closure(dict(sorted(files.items())))


def closure_of_module(module: ModuleType) -> Closure:
    """The closure of an imported module, bounded by its top-level package or, for a lone file, its folder."""
    path = Path(str(module.__file__)).resolve()
    return closure([path], top_level_folder(path))


def top_level_folder(path: Path) -> Path:
    """The folder of the outermost package that holds a file; its own folder if it is in no package."""
    folder = path.resolve().parent
    top = folder
    while (folder / "__init__.py").exists():
        top, folder = folder, folder.parent
    return top


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file. What cannot be read is a `UserError`, for a syntax error with its line."""
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise UserError(f"{path}, line {error.lineno or 1}: {error.msg}") from error
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def assigned_names(statement: ast.stmt) -> list[str]:
    """The names that an assignment gives a value, annotated or not."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


TUNING: Final = frozenset({"search_space", "tuned_as"})
"""The attributes of entrants that only tuning reads. No run depends on them but by its parameters."""

_Import: TypeAlias = tuple[int, str, tuple[str, ...]]
"""Level, module and names of an import statement."""


@cache
def _read(path: Path, modified: int, size: int) -> tuple[str, tuple[_Import, ...]]:
    """The digest of a file's meaning, and its import statements. A file is parsed again only if its time of
    modification or its size has changed."""
    tree = parse(path)
    imports = tuple(_imports(tree))
    return digest(_meaning(_WithoutTuning().visit(tree))), imports


def _imports(tree: ast.AST) -> Iterator[_Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)


class _WithoutTuning(ast.NodeTransformer):
    """Removes what only tuning reads from classes with a `name`, which only entrants have; elsewhere these names may
    mean anything."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if any("name" in assigned_names(statement) for statement in node.body):
            node.body = [statement for statement in node.body if TUNING.isdisjoint(assigned_names(statement))]
        return self.generic_visit(node)


def _meaning(node: Any) -> Any:
    """A syntax tree as plain values, without positions, bare strings (docstrings) and empty fields. Which fields there
    are when they are empty differs between versions of Python."""
    if isinstance(node, ast.AST):
        named = ((name, value) for name, value in ast.iter_fields(node) if value is not None and value != [])
        return [type(node).__name__, {name: _meaning(value) for name, value in named}]
    if isinstance(node, list):
        return [_meaning(entry) for entry in node if not _is_bare_string(entry)]
    return repr(node)


def _is_bare_string(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _packages(path: Path, root: Path) -> Iterator[Path]:
    """The `__init__.py` of every package that is executed before a module below `root`."""
    for folder in path.parents:
        if folder.is_relative_to(root) and (folder / "__init__.py").is_file():
            yield folder / "__init__.py"


def _targets(imports: Iterable[_Import], path: Path, root: Path) -> Iterator[Path]:
    """The files below `root` that import statements execute: packages on the way, the module, submodules by name."""
    for level, module, names in imports:
        place = imported_from(level, module, path, root)
        if place is None or not place.is_relative_to(root):
            continue
        way = [folder for folder in place.parents if folder.is_relative_to(root)]
        for target in (*way, place, *(place / name for name in names)):
            file = source_file(target)
            if file is not None and root in file.parents:
                yield file


def imported_from(level: int, module: str, importer: Path, root: Path) -> Path | None:
    """Where an import statement looks: the path of the module without suffix. None if that is outside `root`.

    Where `root` is a package, absolute imports begin with its name; else they begin in its folder.
    """
    parts = module.split(".") if module else []
    if level:
        above = importer.parents
        return above[min(level, len(above)) - 1].joinpath(*parts)
    if not (root / "__init__.py").exists():
        return root.joinpath(*parts)
    return root.joinpath(*parts[1:]) if parts[0] == root.name else None


def source_file(place: Path) -> Path | None:
    """The file of the package or module at a path without suffix; a package comes first, as in Python."""
    candidates = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next((path for path in candidates if path.is_file()), None)


def _placed(path: Path) -> Path:
    # A symbolic link counts as a file where the link lies, wherever it leads.
    return path.parent.resolve() / path.name
