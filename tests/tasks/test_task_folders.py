"""The folders of the tasks: all have the same files, and packages offer what entrants need."""

import importlib
from pathlib import Path

import pytest

import harness.tasks

FOLDERS = sorted(path.parent for path in Path(harness.tasks.__file__).parent.glob("*/task.toml"))
FILES = {
    "task.toml",
    "figures.toml",
    "task.py",
    "interface.py",
    "data.py",
    "predictions.py",
    "README.md",
    "__init__.py",
}
ROOMS = {"problems", "models", "training", "scores"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_task_folder_has_the_same_files_and_rooms(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} >= FILES
    assert {path.name for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"} <= ROOMS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_task_s_package_offers_the_classes_of_its_interface(folder: Path) -> None:
    package = importlib.import_module(f"harness.tasks.{folder.name}")
    interface = importlib.import_module(f"harness.tasks.{folder.name}.interface")
    classes = {name for name, value in vars(interface).items() if getattr(value, "__abstractmethods__", None)}
    offered = {name for name in classes if getattr(package, name, None) is getattr(interface, name)}
    assert offered >= {name for name in classes if vars(interface)[name].__module__ == interface.__name__}
