"""The closure walk: which source files an entrant or a protocol consists of, and the digest of what they say.

Files are followed by import statement, never by importing. What counts is the syntax tree without positions,
docstrings and comments, so that a comment voids no record and a changed helper voids exactly those that import it.
"""

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.canonical import digest
from harness.errors import UserError


@dataclass(frozen=True)
class Closure:
    """Files by name relative to the walk's root, each with the digest of its meaning."""

    root: Path
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
    """All Python files below `root` that the `start` files lead to by import, and the bytes of the `extra` files.

    `root` is the folder that bounds the walk: an import that does not lead to a file below it is not followed. Where
    `root` is a package, its absolute imports are followed by the package's name, else by the name of the module in
    the folder. Files for which `skip` is true are neither entered nor counted.
    """
    found: dict[str, str] = {}
    queue = [path.resolve() for path in start]
    root = root.resolve()
    while queue:
        path = queue.pop()
        name = path.relative_to(root).as_posix()
        if name in found or skip(path):
            continue
        source = _Source.read(path)
        found[name] = source.digest
        queue += _targets(source.imports, path, root)
    for path in extra:
        found[path.resolve().relative_to(root).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    return Closure(root, dict(sorted(found.items())))


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


@dataclass(frozen=True)
class _Source:
    digest: str
    imports: tuple[tuple[int, str, tuple[str, ...]], ...]
    """(level, module, names) of every import statement."""

    @staticmethod
    def read(path: Path) -> "_Source":
        stat = path.stat()
        return _parse(path, stat.st_mtime_ns, stat.st_size)


@cache
def _parse(path: Path, modified: int, size: int) -> _Source:
    """Parsed once for each state of the file: `modified` and `size` tell the states apart."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise UserError(f"{path}, line {error.lineno}: {error.msg}") from error
    imports = tuple(_imports(tree))
    return _Source(digest(_meaning(tree)), imports)


def _imports(tree: ast.AST) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)


def _meaning(node: Any) -> Any:
    """A syntax tree as plain values, without positions, bare strings (docstrings) and empty fields: the latter come and
    go between versions of Python."""
    if isinstance(node, ast.AST):
        named = ((name, value) for name, value in ast.iter_fields(node) if value is not None and value != [])
        return [type(node).__name__, {name: _meaning(value) for name, value in named}]
    if isinstance(node, list):
        return [_meaning(entry) for entry in node if not _is_bare_string(entry)]
    return repr(node)


def _is_bare_string(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _targets(imports: Iterable[tuple[int, str, tuple[str, ...]]], path: Path, root: Path) -> list[Path]:
    files: list[Path] = []
    for level, module, names in imports:
        parts = module.split(".") if module else []
        if level:
            base = path.parents[level - 1]
        elif (root / "__init__.py").exists():
            if not parts or parts[0] != root.name:
                continue
            base, parts = root, parts[1:]
        else:
            base = root
        if base == root or root in base.parents:
            files += _resolve(base, parts, names, root)
    return files


def _resolve(base: Path, parts: list[str], names: Iterable[str], root: Path) -> Iterator[Path]:
    """The files that importing `names` from `base/parts` executes: packages on the way, the module, submodules."""
    folder = base
    yield from _init(folder, root)
    for depth, part in enumerate(parts):
        if depth == len(parts) - 1 and (folder / f"{part}.py").is_file():
            yield folder / f"{part}.py"
            return
        folder = folder / part
        if not folder.is_dir():
            return
        yield from _init(folder, root)
    for name in names:
        if (folder / f"{name}.py").is_file():
            yield folder / f"{name}.py"
        elif (folder / name).is_dir():
            yield from _init(folder / name, root)


def _init(folder: Path, root: Path) -> Iterator[Path]:
    init = folder / "__init__.py"
    if init.is_file() and (folder == root or root in folder.parents):
        yield init
