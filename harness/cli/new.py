"""`harness new`: write the file of a new entrant, with the methods that its task's interface leaves open."""

import ast
from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(help="The entrant's name: small letters, digits and underscores.")]
Task = Annotated[str, typer.Option("--task", "-t", help="The task that it enters.")]
Base = Annotated[
    str, typer.Option("--base", help="The class to fill in. Default: the task's component, else its system.")
]
Folder = Annotated[Path, typer.Option("--folder", help="Where to write the file.")]

TEMPLATE = '''\
"""{title}: what it is, in one line."""

from harness.tasks.{task} import {base}


class {cls}({base}):
    """What it does, in one line; then where it comes from."""

    name = "{name}"
{methods}'''


def command(name: Name, task: Task, base: Base = "", folder: Folder = Path(".")) -> None:
    """Write NAME.py: an entrant whose open methods wait to be filled in. Then: `harness check NAME.py`."""
    from harness.core.errors import UserError
    from harness.core.spec import NAME
    from harness.core.suggest import unknown
    from harness.registry.find import find
    from harness.registry.headers import HARNESS

    registry = find()
    registry.card(task)
    if not NAME.fullmatch(name):
        raise UserError(f"name '{name}' must match {NAME.pattern}: small letters, digits, underscores")
    if name in registry.of_task(task):
        raise UserError(f"the name '{name}' is taken in {task} by {registry.header(task, name).place}")
    classes = _open_classes(HARNESS / "tasks" / task / "interface.py")
    if base and base not in classes:
        raise unknown(f"class of {task} to fill in", base, classes)
    chosen = base or next(iter(classes))
    path = folder / f"{name}.py"
    if path.exists():
        raise UserError(f"{path} exists already; choose another name or --folder")
    title = name.replace("_", " ").capitalize()
    cls = "".join(part.capitalize() for part in name.split("_"))
    try:
        path.write_text(
            TEMPLATE.format(title=title, task=task, base=chosen, cls=cls, name=name, methods=classes[chosen])
        )
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    typer.echo(f"wrote {path}; fill it in, then: harness check {path}; harness run --task {task} --plugin {path}")


def _open_classes(interface: Path) -> dict[str, str]:
    """The classes of an interface that have open methods, the most derived first, each with stubs for its methods."""
    classes: dict[str, str] = {}
    for node in ast.parse(interface.read_text()).body:
        if isinstance(node, ast.ClassDef):
            stubs = [_stub(entry) for entry in node.body if isinstance(entry, ast.FunctionDef) and _is_open(entry)]
            if stubs:
                classes[node.name] = "".join(stubs)
    return dict(reversed(classes.items()))


def _is_open(method: ast.FunctionDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "abstractmethod" for mark in method.decorator_list)


def _stub(method: ast.FunctionDef) -> str:
    names = ", ".join(argument.arg for argument in [*method.args.posonlyargs, *method.args.args])
    about = (ast.get_docstring(method) or "").split("\n", 1)[0]
    body = f'        """{about}"""\n        raise NotImplementedError("write {method.name}")\n'
    return f"\n    def {method.name}({names}):\n{body}"
