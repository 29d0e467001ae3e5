"""`harness new`: write the file of a new entrant, or the package of a new task."""

import ast
import keyword
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer

from harness.registry.source import SourceClass

if TYPE_CHECKING:
    from harness.registry.find import Registry

Name = Annotated[str, typer.Argument(help="The name of the new thing: small letters, digits and underscores.")]
Kind = Annotated[str, typer.Option("--kind", help="What to write: `entrant`, or `task` with a baseline.")]
Task = Annotated[str, typer.Option("--task", "-t", help="The task that the entrant enters.")]
Base = Annotated[
    str, typer.Option("--base", help="The class to fill in. Default: the task's component, else its system.")
]
Folder = Annotated[Path, typer.Option("--folder", help="Where to write it.")]

KINDS = ("entrant", "task")
TEMPLATES = Path(__file__).parent / "templates"
"""The folder of templates: files with `-tpl` after their name, in which `$name` and the like are replaced."""


def command(name: Name, task: Task = "", kind: Kind = "entrant", base: Base = "", folder: Folder = Path(".")) -> None:
    """Write a new entrant, or a new task, to start from.

    An entrant is one file, NAME.py, with the methods that are to be filled in. A task (`--kind task`) is a folder,
    NAME: a package with a card, an interface, data and a baseline that runs as it is.
    """
    from harness.core.errors import UserError
    from harness.core.spec import NAME
    from harness.core.suggest import check_known
    from harness.registry.find import find

    check_known("kind", [kind], KINDS)
    if not NAME.fullmatch(name):
        raise UserError(f"name '{name}' must match {NAME.pattern}: small letters, digits, underscores")
    if kind == "entrant" and not task:
        raise UserError(f"a new entrant needs its task: harness new {name} --task TASK")
    if kind == "task" and (task or base):
        raise UserError("--task and --base go with a new entrant; leave them out, or leave out --kind task")
    registry = find()
    path = folder / (name if kind == "task" else f"{name}.py")
    if path.exists():
        raise UserError(f"{path} exists already; choose another name or --folder")
    values = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "cls": "".join(part.capitalize() for part in name.split("_")),
    }
    try:
        if kind == "task":
            _write_task(registry, path, values)
            typer.echo(f"wrote {path}; edit it, then: pip install -e {path}; harness run --task {name} --tier smoke")
        else:
            _write(path, TEMPLATES / "entrant.py-tpl", {**values, **_to_fill_in(registry, task, base, name)})
            use = f"harness check {path}; harness run --task {task} --plugin {path}"
            typer.echo(f"wrote {path}; fill it in, then: {use}")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def _write(path: Path, template: Path, values: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Template(template.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")


def _write_task(registry: "Registry", folder: Path, values: Mapping[str, str]) -> None:
    from harness.core.errors import UserError
    from harness.registry.find import source_of

    name = values["name"]
    if name in registry.homes:
        raise UserError(f"the name '{name}' is taken by the task in {registry.homes[name].folder}")
    if name in sys.stdlib_module_names or keyword.iskeyword(name):
        raise UserError(f"the name '{name}' is taken by Python; choose another")
    if source := source_of(name):
        raise UserError(f"the name '{name}' is taken by the module {source}; choose another")
    for template in (TEMPLATES / "task").rglob("*-tpl"):
        place = template.relative_to(TEMPLATES / "task").as_posix().removesuffix("-tpl")
        _write(folder / place.replace("package/", f"{name}/"), template, values)


def _to_fill_in(registry: "Registry", task: str, base: str, name: str) -> dict[str, str]:
    """What an entrant of a task imports, and stubs of its methods. A taken name or unknown class is a `UserError`."""
    from harness.core.errors import UserError
    from harness.core.suggest import check_known

    registry.card(task)
    if name in registry.of_task(task):
        raise UserError(f"the name '{name}' is taken in {task} by {registry.header(task, name).place}")
    home = registry.homes[task]
    classes = _open_classes(home.folder / "interface.py")
    check_known(f"class of {task} to fill in", [base] if base else [], classes)
    chosen = base or next(iter(classes))
    methods = "".join(_stub(method) for method in _abstract(classes[chosen])).removesuffix("\n")
    return {"package": home.package, "base": chosen, "space": _search_space(classes[chosen]), "methods": methods}


def _open_classes(interface: Path) -> dict[str, ast.ClassDef]:
    """The classes of an interface that have abstract methods, the last one first."""
    classes = [node for node in ast.parse(interface.read_text()).body if isinstance(node, ast.ClassDef)]
    return {node.name: node for node in reversed(classes) if _abstract(node)}


def _abstract(definition: ast.ClassDef) -> list[ast.FunctionDef]:
    methods = (entry for entry in definition.body if isinstance(entry, ast.FunctionDef))
    return [method for method in methods if "abstractmethod" in map(ast.unparse, method.decorator_list)]


def _search_space(definition: ast.ClassDef) -> str:
    """The search space of the example's parameter and of those that the class brings."""
    own = SourceClass(Path(), definition).assigned("search_space")
    brought = ast.literal_eval(own) if own is not None else {}
    return repr({"strength": (0.1, 10.0), **brought}).replace("'", '"')


def _stub(method: ast.FunctionDef) -> str:
    """A method to be written, with the whole contract that the interface gives."""
    names = ", ".join(argument.arg for argument in [*method.args.posonlyargs, *method.args.args])
    about = indent(f'"""{ast.get_docstring(method) or ""}"""', " " * 8)
    return f'\n    def {method.name}({names}):\n{about}\n        raise NotImplementedError("write {method.name}")\n'
