"""The rules of the house: arrows go one way, modules are small and say what they own, tables need no torch."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

from harness.registry.headers import HARNESS

CHECKOUT = HARNESS.parent
LONGEST_MODULE = 400
MODULES = sorted(path for folder in ("harness", "methods", "baselines") for path in (CHECKOUT / folder).rglob("*.py"))
CONTRACTS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
TORCH_FREE = next(contract["source_modules"] for contract in CONTRACTS if contract["id"] == "torch")
"""The folders of what plans, stores, judges and reports."""


def _name(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def _torch_free() -> list[str]:
    """Every module of the torch-free folders by its dotted name."""
    names = [".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__") for path in MODULES]
    return [name for name in names if any(f"{name}.".startswith(f"{folder}.") for folder in TORCH_FREE)]


def test_imports_keep_to_the_contracts() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    words = [lint, "--no-cache", "--no-logo", "--config", CHECKOUT / "pyproject.toml"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=300, cwd=CHECKOUT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_says_what_it_owns() -> None:
    silent = [_name(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_bytes()))]
    assert silent == []


def test_every_module_is_short_enough_to_be_read_at_once() -> None:
    lengths = {_name(path): len(path.read_bytes().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_torch_free_parts_import_no_torch() -> None:
    modules = _torch_free()
    assert {".".join(name.split(".")[:2]) for name in modules} == set(TORCH_FREE)
    program = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        "    if 'torch' in sys.modules: sys.exit(f'{name} imports torch')"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_reading_records_imports_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from harness.records.scored import scored; from harness.records.store import Store\n"
        "from harness.registry.find import find\n"
        "find(); scored(Store(Path('results')).stored())\n"
        "sys.exit('torch was imported' if 'torch' in sys.modules else 0)"
    )
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
