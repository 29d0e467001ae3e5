"""`Trie`: token sequences that share their beginnings, in flat arrays."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from harness.tasks.entity_linking.problems.mentions import I64, INVALID, ragged
from harness.tasks.entity_linking.problems.tokens import I32, Mark


@dataclass(frozen=True, eq=False)
class Trie:
    """A trie of names, or several, one a group; each name ends with the token END, so that a name that is the beginning
    of another is a leaf like any other.

    Nodes are numbered by depth: first the root of each group, then the nodes below them. The children of a node are
    neighbours, in order of their tokens. token: U16[nodes], the token of each node (0 for roots). first: I32[nodes +
    1], the first child of each node. leaves: I32[names], the nodes of the names, ascending. values: I32[names], what
    each name stands for; of equal names in a group, the first one counts.
    """

    token: NDArray[np.uint16]
    first: I32
    leaves: I32
    values: I32

    @classmethod
    def of(cls, names: I32, values: I64, groups: I64 | None = None, roots: int = 1) -> Self:
        """The trie of names I32[n L] that end with END and are padded with 0, and of their values I64[n]; or one trie
        for each of `roots` groups, given the group of each name, I64[n]. A group may have no names."""
        groups = np.zeros(len(names), np.int64) if groups is None else groups
        order = _sorted(names, groups)
        names, groups = names[order], groups[order]
        common = _common(names, groups)
        sizes = (names != Mark.PAD).sum(axis=1)
        distinct = np.append(True, common[1:] < sizes[1:]) if len(names) else np.zeros(0, np.bool_)
        names, groups, sizes, common, order = (a[distinct] for a in (names, groups, sizes, common, order))

        columns = np.arange(names.shape[1])
        exists = (columns >= common[:, None]) & (columns < sizes[:, None])  # a node for each distinct beginning
        node = roots - 1 + np.cumsum(exists.T).reshape(exists.T.shape).T  # of the last beginning up to each row
        parents = np.column_stack((groups[:, None], node[:, :-1]))[exists]
        numbers = node[exists]
        token = np.zeros(roots + len(numbers), np.uint16)
        token[numbers] = names[exists]
        children = np.bincount(parents, minlength=len(token))
        first = np.append(roots, roots + np.cumsum(children))
        leaves = node[np.arange(len(names)), sizes - 1] if len(names) else np.zeros(0, np.int64)
        by_node = np.argsort(leaves)
        return cls(
            token, first.astype(np.int32), leaves[by_node].astype(np.int32), values[order][by_node].astype(np.int32)
        )

    def __len__(self) -> int:
        """The number of distinct names, in all groups."""
        return len(self.leaves)

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays."""
        return self.token.nbytes + self.first.nbytes + self.leaves.nbytes + self.values.nbytes

    def children(self, nodes: I64) -> tuple[I64, I64]:
        """The children of nodes I64[n], as two arrays: the position of its parent among the n, and the child."""
        return ragged(None, self.first, nodes)

    def value_at(self, leaves: I64) -> I64:
        """I64[n]: the values of the names at leaves I64[n]. Raises `ValueError` if a node is no leaf."""
        position = np.minimum(np.searchsorted(self.leaves, leaves), max(0, len(self) - 1))
        if len(leaves) and (not len(self) or (self.leaves[position] != leaves).any()):
            raise ValueError("a node of the trie is no leaf")
        return self.values[position].astype(np.int64)

    def find(self, names: I32) -> I64:
        """I64[n]: the values of the names, I32[n L] padded with 0, in the first group; INVALID for what is no name."""
        node, lost = np.zeros(len(names), np.int64), np.zeros(len(names), np.bool_)
        for column in names.T:
            (going,) = np.nonzero((column != Mark.PAD) & ~lost)
            at, child = self.children(node[going])
            follows = self.token[child] == column[going[at]]
            lost[going] = True
            lost[going[at[follows]]] = False
            node[going[at[follows]]] = child[follows]
        is_name = ~lost & np.isin(node, self.leaves)
        values = np.full(len(names), INVALID, np.int64)
        values[is_name] = self.value_at(node[is_name])
        return values


def _sorted(names: I32, groups: I64) -> I64:
    """The order of names by group, then by tokens; equal ones by row."""
    # Numbers with the largest byte first are in the order of their bytes, which numpy sorts in one pass.
    keys = np.column_stack((groups, names)).astype(">u4")
    order: I64 = np.argsort(np.ascontiguousarray(keys).view(f"S{4 * keys.shape[1]}").ravel(), kind="stable")
    return order


def _common(names: I32, groups: I64) -> I64:
    """I64[n]: how many tokens each sorted name shares with the one before it; 0 at the start of a group."""
    common = np.zeros(len(names), np.int64)
    is_equal = names[1:] == names[:-1]
    common[1:] = np.where(is_equal.all(axis=1), names.shape[1], is_equal.argmin(axis=1))
    common[1:][groups[1:] != groups[:-1]] = 0
    return common
