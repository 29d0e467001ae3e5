"""The package that `harness new --kind task` writes: a task with data of its own and a baseline, ready to be edited."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

_PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "$name"
version = "0.1"
dependencies = ["tenfold-bench"]
entry-points."harness.tasks".$name = "$name"
entry-points."harness.entrants".$name = "$name"

[tool.setuptools]
packages = ["$name"]
package-data.$name = ["*.toml", "*.csv"]
"""

_CARD = """\
version = 1
title = "$title"
question = "How well is y told from x?"
unit = "examples"
primary = "error"
seed_varies = "which points are learned from, and their order"

[metrics.error]
better = "lower"
about = "mean absolute error"

[[cases]]
id = "points"
bundled = ["points.csv"]

[tiers.smoke]
cases = ["points"]
seeds = 2
budget = { examples = 16 }
expect_s = 1
limit_s = 60
"""

_DATA = "".join(f"{x},{x * x / 4 + (1 if x % 3 else -1)}\n" for x in range(9))

_PACKAGE = '''\
"""The task `$name`: how well is y told from x?"""

from $name.interface import Predictor as Predictor
'''

_INTERFACE = '''\
"""What an entrant of the task does."""

from abc import abstractmethod

import numpy as np

from harness.core.entrant import Entrant
from harness.run import Run


class Predictor(Entrant):
    """Learns from points to tell y from x."""

    @abstractmethod
    def fit(self, train: np.ndarray, run: Run, /) -> None:
        """Learn from the points F64[n 2], x and y, that `run.draw(train, cost=1)` hands out."""

    @abstractmethod
    def predict(self, x: np.ndarray) -> np.ndarray:
        """F64[n]: the y of every x F64[n]."""
'''

_TASK = '''\
"""The protocol: what is learned from, what is tested on, and the scores."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.core.canonical import array_digest
from harness.core.task import Problem, Score, Task, checked
from harness.run import Run
from $name.interface import Predictor


class $cls(Task[Predictor]):
    """Tell y from x at points that were not learned from."""

    def problem(self, case: str, run: Run) -> Problem:
        points = np.loadtxt(Path(__file__).with_name("points.csv"), delimiter=",")
        drawn = run.rng("data").permutation(points)
        return Problem(drawn[:5], drawn[5:7], drawn[7:], array_digest({"points": drawn}))

    def measure(self, system: Predictor, split: np.ndarray, run: Run) -> Iterator[Score]:
        predicted = checked("predict", system.predict(split[:, 0]), (len(split),))
        errors = np.abs(predicted - split[:, 1])
        yield Score("error", float(errors.mean()), len(errors), len(errors), items=errors)
'''

_BASELINE = '''\
"""What every entrant should beat."""

import numpy as np

from $name.interface import Predictor
from harness.run import Run


class Mean(Predictor):
    """The mean of every y that it has seen."""

    name = "mean"

    def fit(self, train: np.ndarray, run: Run, /) -> None:
        self.mean = np.mean([y for _, y in run.draw(train, cost=1)])

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.full(len(x), self.mean)
'''

_FILES: Mapping[str, str] = {
    "pyproject.toml": _PROJECT,
    "$name/__init__.py": _PACKAGE,
    "$name/task.toml": _CARD,
    "$name/interface.py": _INTERFACE,
    "$name/task.py": _TASK,
    "$name/points.csv": _DATA,
    "$name/baseline.py": _BASELINE,
}


def write_task_package(folder: Path, *, name: str, title: str, cls: str) -> None:
    """Write the package of a task below a folder that is not there yet. Raises `OSError`."""
    values = {"name": name, "title": title, "cls": cls}
    for path, text in _FILES.items():
        place = folder / Template(path).substitute(values)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(Template(text).substitute(values), encoding="utf-8")
