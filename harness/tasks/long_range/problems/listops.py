"""ListOps: nested operations on lists of digits, drawn from the Long Range Arena's grammar (Tay et al., 2021)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.core.artefacts import Recipe

PAD: Final = 0
QUESTION: Final = 1
"""The first token of every sequence, at which the answer is read out."""
DIGIT: Final = 2
"""The token of the digit 0; the tokens of the other digits follow."""
OPERATORS: Final = ("[MIN", "[MAX", "[MED", "[SM")
OPERATOR: Final = 12
"""The token of the first operator; the tokens of the others follow."""
END: Final = 16
VOCABULARY: Final = 17
CLASSES: Final = 10

P_OPERATOR: Final = 0.25
ATTEMPTS: Final = 4096
"""The number of trees that are grown together."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ListOps(Recipe):
    """The recipe of `items` expressions of `shortest` to `longest` tokens. They are at most `depth` deep, and their
    operators have 2 to `arguments` arguments.

    Builds `tokens` I16[items longest + 1], in which `PAD` follows the end of an expression, and `labels` I64[items].
    """

    version: int
    seed: int
    items: int
    shortest: int
    longest: int
    depth: int = 10
    arguments: int = 10

    def build(self) -> dict[str, np.ndarray]:
        """Grows random expressions and keeps those of the right length, as the Arena's generator does."""
        rng = np.random.default_rng(self.seed)
        tokens, labels, items = [], [], 0
        while items < self.items:
            forest = _grow(rng, self)
            tokens.append(_write(forest, self.longest + 1))
            labels.append(_evaluate(forest)[: forest.trees])
            items += forest.trees
        return {"tokens": np.concatenate(tokens)[: self.items], "labels": np.concatenate(labels)[: self.items]}


@dataclass(frozen=True)
class _Forest:
    """Expression trees. Nodes are ordered by level, and siblings are neighbours; the first `trees` nodes are the roots.

    `tree` and `parent` are row numbers. `operator` is -1 for a digit. `levels` are the rows of every level but the
    first. `size` is the number of tokens of a node and all nodes below it.
    """

    trees: int
    tree: Ints
    parent: Ints
    operator: Ints
    digit: Ints
    levels: tuple[slice, ...]
    size: Ints


def _grow(rng: np.random.Generator, options: ListOps) -> _Forest:
    """The trees of the right length among `ATTEMPTS` random ones. All roots are operators, because a single digit would
    be too short."""
    tree, parent = np.arange(ATTEMPTS), np.full(ATTEMPTS, -1)
    tokens = np.zeros(ATTEMPTS, dtype=np.int64)
    grown: list[tuple[Ints, ...]] = []
    rows = 0
    for depth in range(1, options.depth + 1):
        share = 1.0 if depth == 1 else P_OPERATOR if depth < options.depth else 0.0
        operator = np.where(rng.random(len(tree)) < share, rng.integers(len(OPERATORS), size=len(tree)), -1)
        grown.append((tree, parent, operator, rng.integers(CLASSES, size=len(tree))))
        tokens += np.bincount(tree, np.where(operator < 0, 1, 2), ATTEMPTS).astype(np.int64)
        branches = np.flatnonzero((operator >= 0) & (tokens[tree] <= options.longest))
        children = rng.integers(2, options.arguments + 1, size=len(branches))
        rows, above = rows + len(tree), rows
        tree, parent = np.repeat(tree[branches], children), np.repeat(above + branches, children)
    return _select(grown, (tokens >= options.shortest) & (tokens <= options.longest))


def _select(grown: list[tuple[Ints, ...]], fits: NDArray[np.bool_]) -> _Forest:
    """The forest of the trees that fit."""
    tree, parent, operator, digit = (np.concatenate(parts) for parts in zip(*grown, strict=True))
    kept = fits[tree]
    renumbered = np.cumsum(kept) - 1
    bounds = np.cumsum([0, *(int(fits[level[0]].sum()) for level in grown)])
    levels = tuple(slice(low, high) for low, high in pairwise(bounds[1:].tolist()))
    parent, operator = renumbered[parent[kept]], operator[kept]
    size = np.where(operator < 0, 1, 2)
    for level in reversed(levels):
        size += np.bincount(parent[level], size[level], len(size)).astype(np.int64)
    return _Forest(int(fits.sum()), (np.cumsum(fits) - 1)[tree[kept]], parent, operator, digit[kept], levels, size)


def _write(forest: _Forest, length: int) -> np.ndarray:
    """I16[trees length]: the question token, then each operator before its arguments and `END` after them."""
    start = np.ones(len(forest.size), dtype=np.int64)
    for level in forest.levels:
        size, parent = forest.size[level], forest.parent[level]
        before = np.cumsum(size) - size
        first = np.maximum.accumulate(np.where(_is_first_sibling(parent), np.arange(len(parent)), 0))
        start[level] = start[parent] + 1 + before - before[first]
    tokens = np.full((forest.trees, length), PAD, dtype=np.int16)
    inner = forest.operator >= 0
    tokens[:, 0] = QUESTION
    tokens[forest.tree, start] = np.where(inner, OPERATOR + forest.operator, DIGIT + forest.digit)
    tokens[forest.tree[inner], (start + forest.size - 1)[inner]] = END
    return tokens


def _evaluate(forest: _Forest) -> Ints:
    """I64[nodes]: the value of every node. A median between two digits is rounded down; sums are modulo ten."""
    values = forest.digit.copy()
    for level in reversed(forest.levels):
        parent = forest.parent[level]
        below = values[level][np.lexsort((values[level], parent))]
        first = np.flatnonzero(_is_first_sibling(parent))
        count = np.diff(first, append=len(parent))
        median = (below[first + (count - 1) // 2] + below[first + count // 2]) // 2
        total = np.add.reduceat(below, first) % 10 if len(first) else first
        owner = parent[first]
        values[owner] = np.choose(forest.operator[owner], [below[first], below[first + count - 1], median, total])
    return values


def _is_first_sibling(parent: Ints) -> NDArray[np.bool_]:
    """Bool[nodes of a level]: whether a node is the first of its siblings."""
    first: NDArray[np.bool_] = np.diff(parent, prepend=-1) != 0
    return first
