"""Entrant headers: what is read of an entrant's class in its source, without importing it."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.core.card import Resolved
from harness.core.entrant import EntrantKind
from harness.core.spec import NAME, TIERS
from harness.core.suggest import unknown
from harness.registry.parameters import Parameter
from harness.registry.search import EXAMPLE, Space, read_space
from harness.registry.source import SourceClass, Sources, classes_in, imports_in, is_below
from harness.registry.tasks import TaskHome

HARNESS = Path(__file__).resolve().parents[1]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(NAME.fullmatch(value))


def _are_names(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(name, str) for name in value)


ATTRIBUTES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_is_name, f"a literal that matches {NAME.pattern}"),
    "files": (_are_names, "a literal tuple of names, as in ('words.txt',)"),
    "from_tier": (lambda value: value in TIERS, f"one of {', '.join(TIERS)}"),
    "cases": (_are_names, "a literal tuple of names, as in ('atlas',)"),
    "deterministic": (lambda value: isinstance(value, bool), "True or False"),
    "search_space": (
        lambda value: isinstance(value, dict),
        f"a literal dictionary, as in {EXAMPLE}, or with **Base.search_space in it",
    ),
    "tuned_as": (
        lambda value: value == "" or _is_name(value),
        "the name of an entrant of the task, or an empty string",
    ),
}
"""The class attributes that every entrant has, which are no parameters: whether a value is allowed; what is allowed."""


@dataclass(frozen=True)
class Header:
    """What is known of an entrant before it is imported.

    `home` is where its task lives; `root` is the folder that bounds its closure; `component` is the class of the task
    that it fills in, "" if it is a whole system; `title` is the first line of its docstring. `tuned_as` is the entrant
    for which its tuned parameters are chosen, "" if it has trials of its own.
    """

    name: str
    title: str
    task: str
    home: TaskHome
    kind: EntrantKind
    component: str
    class_name: str
    path: Path
    root: Path
    module: str
    line: int
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    from_tier: str = "smoke"
    cases: tuple[str, ...] = ()
    deterministic: bool = True
    search_space: Space = field(default_factory=lambda: Space({}))
    tuned_as: str = ""

    @property
    def place(self) -> str:
        """File and line, as an editor opens it."""
        return f"{self.path}:{self.line}"

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The class defaults of the parameters."""
        return {name: parameter.default for name, parameter in self.parameters.items()}


def inapplicable(header: Header, resolved: Resolved) -> str:
    """Why an entrant takes no part in a case at a tier; "" if it does."""
    tier = resolved.tier
    if header.cases and resolved.case.id not in header.cases:
        return f"takes part only in {' and '.join(header.cases)}"
    if tier != "smoke" and TIERS.index(tier) < TIERS.index(header.from_tier):
        return f"takes part from tier {header.from_tier}"
    needs = resolved.case.needs
    return f"does not have '{needs}'" if needs and needs not in header.capabilities else ""


def module_name(path: Path, root: Path) -> str:
    """The name under which a file is imported: dotted within a package, its stem if it stands alone in a folder."""
    relative = path.relative_to(root.parent if (root / "__init__.py").exists() else root).with_suffix("")
    return ".".join(relative.parts)


def read_headers(path: Path, root: Path, homes: Mapping[str, TaskHome]) -> Iterator[Header]:
    """The entrants that a file defines, `root` being the folder that bounds their closure. An entrant belongs to the
    task, among those in `homes`, whose folder holds a class that it descends from.

    A syntax error, and a name, a parameter or an attribute that cannot be read, is a `UserError` with its line.
    """
    sources = Sources(root, (HARNESS, *dict.fromkeys(home.root for home in homes.values())))
    for source in classes_in(path):
        if source.assigned("name") is None:
            continue  # an abstract class
        chain = sources.chain(source)
        lineage = [above for above in chain if _is_entrant(above, sources)]
        owned = [(above, task) for above in lineage if (task := _task_of(above, sources, homes))]
        if owned:
            definition = source.definition
            (base, task), *further = owned
            yield Header(
                name=_attribute(lineage[:1], "name"),
                title=(ast.get_docstring(definition) or "").split("\n", 1)[0],
                task=task,
                home=homes[task],
                kind=_kind(path, root, homes[task]),
                component=base.definition.name if further else "",
                class_name=definition.name,
                path=path,
                root=root,
                module=module_name(path, root),
                line=definition.lineno,
                parameters=_parameters(lineage),
                capabilities=_capabilities(chain),
                files=_attribute(lineage, "files", ()),
                from_tier=_attribute(lineage, "from_tier", TIERS[0]),
                cases=_attribute(lineage, "cases", ()),
                deterministic=_attribute(lineage, "deterministic", True),
                search_space=_search_space(lineage),
                tuned_as=_attribute(lineage, "tuned_as", ""),
            )


def unknown_base(path: Path, homes: Mapping[str, TaskHome]) -> str:
    """The first base of a class in a file that is imported from a task's package which does not have it, with the names
    that it has; "" if there is none."""
    imports, packages = imports_in(path), {home.package: home.folder / "__init__.py" for home in homes.values()}
    for source in classes_in(path):
        for base in source.definition.bases:
            _, module, name = imports.get(ast.unparse(base), (0, "", ""))
            if module in packages and packages[module].is_file():
                known = {
                    *imports_in(packages[module]),
                    *(above.definition.name for above in classes_in(packages[module])),
                }
                if name not in known:
                    return f"{path}:{source.definition.lineno}: {unknown(f'class of {module}', name, known)}"
    return ""


def _is_entrant(source: SourceClass, sources: Sources) -> bool:
    """Whether a class descends from `Entrant`."""
    return any(above.path == HARNESS / "core" / "entrant.py" for above in sources.chain(source))


def _task_of(source: SourceClass, sources: Sources, homes: Mapping[str, TaskHome]) -> str:
    """The task in whose folder a class stands, the innermost if task folders are nested; "" if there is none.

    A task's folder may hold entrants, too: classes in a file with entrants do not belong to the task.
    """
    tasks = [task for task, home in homes.items() if is_below(source.path, home.folder)]
    if not tasks:
        return ""
    others = classes_in(source.path)
    if any(other.assigned("name") is not None and _is_entrant(other, sources) for other in others):
        return ""
    return max(tasks, key=lambda task: len(homes[task].folder.parts))


def _kind(path: Path, root: Path, home: TaskHome) -> EntrantKind:
    """The kind of an entrant: by the names of file and folders, if it is in this distribution or in its task's package;
    all others are plug-ins."""
    if root not in (HARNESS.parent / "methods", HARNESS.parent / "baselines", home.root):
        return "plugin"
    if path.stem == "ablations":
        return "ablation"
    if path.stem == "references":
        return "reference"
    return "method" if {"baseline", "baselines"}.isdisjoint(module_name(path, root).split(".")) else "baseline"


def _capabilities(chain: Sequence[SourceClass]) -> frozenset[str]:
    """The queries that are marked as capabilities, and are defined again below the class that marks them."""
    is_stub: dict[str, list[bool]] = {}
    for source in chain:
        for entry in source.definition.body:
            if isinstance(entry, ast.FunctionDef):
                marked = any(isinstance(mark, ast.Name) and mark.id == "capability" for mark in entry.decorator_list)
                is_stub.setdefault(entry.name, []).append(marked)
    return frozenset(name for name, marks in is_stub.items() if any(marks) and not marks[0])


def _attribute(lineage: Sequence[SourceClass], name: str, default: Any = None) -> Any:
    """The value of one of `ATTRIBUTES`, `default` if no class of the lineage assigns it. The lineage is an entrant's
    class followed by its bases. A value that is not allowed is a `UserError` with file and line."""
    given = _given(lineage, name)
    if given is None:
        return default
    source, node = given
    is_allowed, allowed = ATTRIBUTES[name]
    try:
        value = ast.literal_eval(_written_out(node, name, lineage))
    except (ValueError, TypeError):
        raise source.error(f"{name} is {ast.unparse(node)}, but must be {allowed}") from None
    if not is_allowed(value):
        raise source.error(f"{name} is {value!r}, but must be {allowed}")
    return value


def _given(lineage: Sequence[SourceClass], name: str) -> tuple[SourceClass, ast.expr] | None:
    """The first class of a lineage that assigns an attribute, and the expression that it gives it."""
    return next(((source, node) for source in lineage if (node := source.assigned(name)) is not None), None)


def _written_out(node: ast.expr, name: str, lineage: Sequence[SourceClass]) -> ast.expr:
    """The dictionary `{**Base.<name>, ...}` with the entries of the base, which is a class of the lineage, in place of
    its name. Any other expression is left as it is."""
    if not isinstance(node, ast.Dict):
        return node
    entries: list[tuple[ast.expr | None, ast.expr]] = []
    for key, value in zip(node.keys, node.values, strict=True):
        taken = _taken_over(value, name, lineage) if key is None else None
        entries += zip(taken.keys, taken.values, strict=True) if isinstance(taken, ast.Dict) else [(key, value)]
    return ast.Dict([key for key, _ in entries], [value for _, value in entries])


def _taken_over(node: ast.expr, name: str, lineage: Sequence[SourceClass]) -> ast.expr | None:
    """What `Base.<name>` stands for; None if it is no attribute of that name of a class of the lineage."""
    match node:
        case ast.Attribute(value=ast.Name(id=base), attr=attribute) if attribute == name:
            place = next((i for i, source in enumerate(lineage) if source.definition.name == base), len(lineage))
            given = _given(lineage[place:], name)
            return _written_out(given[1], name, lineage[place + 1 :]) if given else None
    return None


def _parameters(lineage: Sequence[SourceClass]) -> dict[str, Parameter]:
    """The annotated fields of the class and of its bases."""
    parameters: dict[str, Parameter] = {}
    for source in reversed(lineage):
        for statement in source.definition.body:
            if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
                continue
            annotation, name = ast.unparse(statement.annotation), statement.target.id
            if annotation.strip("'\"").startswith(("ClassVar", "typing.ClassVar")):
                continue
            if name in ATTRIBUTES:
                raise source.error(f"{name} is annotated, which makes it a parameter; write {name} = ... alone")
            if statement.value is None:
                raise source.error(f"{name} is annotated, which makes it a parameter, but has no default")
            try:
                default = ast.literal_eval(statement.value)
            except (ValueError, TypeError):
                default = ast.unparse(statement.value)
            parameters[name] = Parameter(annotation, default)
    return parameters


def _search_space(lineage: Sequence[SourceClass]) -> Space:
    """What tuning may choose from: the search space of the first class that has one, and nothing of its bases'."""
    written = _attribute(lineage, "search_space", {})
    try:
        return read_space(written, _parameters(lineage))
    except ValueError as error:
        owner = next(source for source in lineage if source.assigned("search_space") is not None)
        raise owner.error(str(error)) from error
