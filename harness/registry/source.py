"""Classes as source files define them, with their bases: read without importing anything."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.core.closure import assigned_names, imported_from, parse, source_file
from harness.core.errors import UserError


@dataclass(frozen=True)
class SourceClass:
    """A class in a file."""

    path: Path
    definition: ast.ClassDef

    def assigned(self, name: str) -> ast.expr | None:
        """The expression that the body gives an attribute, if it gives it one."""
        statements = (entry for entry in self.definition.body if isinstance(entry, ast.Assign | ast.AnnAssign))
        return next((entry.value for entry in statements if name in assigned_names(entry)), None)

    def error(self, what: str) -> UserError:
        """A fault of the class, with its file and line."""
        return UserError(f"{self.path}:{self.definition.lineno}: {what}")


def classes_in(path: Path) -> list[SourceClass]:
    """The classes at the top level of a file. A syntax error is a `UserError` with its line."""
    return [SourceClass(path, definition) for definition in _read_module(path).classes.values()]


def imports_in(path: Path) -> Mapping[str, tuple[int, str, str]]:
    """The level, module and name of each `from module import name` at the top level of a file, by local name."""
    return _read_module(path).imports


def is_below(path: Path, folder: Path) -> bool:
    """Whether a folder, or a folder in it, holds a file."""
    return folder in _folders(path)


@dataclass(frozen=True)
class Sources:
    """The source files in which bases are looked for: those below `root`, and those of some packages, each given by its
    folder."""

    root: Path
    packages: Sequence[Path]

    def chain(self, source: SourceClass, below: tuple[SourceClass, ...] = ()) -> list[SourceClass]:
        """The class and all its bases whose source can be read, in method resolution order. A class that is `below`
        itself is a `UserError`."""
        if source in below:
            raise source.error(f"class {source.definition.name} is among its own bases")
        chain = [source]
        for base in source.definition.bases:
            name = base.value if isinstance(base, ast.Subscript) else base
            above = self._find(source, name.id) if isinstance(name, ast.Name) else None
            chain += self.chain(above, (*below, source)) if above else []
        # A base that is reached twice comes after all classes that descend from it.
        return list(reversed(dict.fromkeys(reversed(chain))))

    def _find(self, below: SourceClass, name: str) -> SourceClass | None:
        """The class that a name stands for in a module just before `below` is defined there."""
        path, module = below.path, _read_module(below.path)
        definition = module.classes.get(name)
        if definition is not None and definition.lineno < below.definition.lineno:
            return SourceClass(path, definition)
        seen = set()
        while name in module.imports and (path, name) not in seen:
            seen.add((path, name))
            level, dotted, name = module.imports[name]
            source = self._file_of(level, dotted, path)
            if source is None:
                return None
            path, module = source, _read_module(source)
            if name in module.classes:
                return SourceClass(path, module.classes[name])
        return None

    def _file_of(self, level: int, dotted: str, importer: Path) -> Path | None:
        """The file that an import statement leads to, if it is one of those that may be read."""
        inside = next((package for package in self.packages if is_below(importer, package)), self.root)
        named = next((package for package in self.packages if package.name == dotted.partition(".")[0]), inside)
        root = inside if level else named
        place = imported_from(level, dotted, importer, root)
        return source_file(place) if place is not None and place.is_relative_to(root) else None


@dataclass(frozen=True)
class _Module:
    """The top level of a source file: its classes by name; and by local name the level, module and name of each
    `from module import name`."""

    classes: Mapping[str, ast.ClassDef]
    imports: Mapping[str, tuple[int, str, str]]


def _read_module(path: Path) -> _Module:
    return _parsed(path, path.stat().st_mtime_ns)


@cache
def _parsed(path: Path, modified: int) -> _Module:
    """The top level of a file, which is parsed again only if its time of modification has changed."""
    tree = parse(path)
    imports = {
        alias.asname or alias.name: (node.level, node.module or "", alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return _Module({node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}, imports)


@cache
def _folders(path: Path) -> frozenset[Path]:
    """All folders that a file is in."""
    return frozenset(path.parents)
