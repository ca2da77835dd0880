"""A dendrogram as data for a drawing, and as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .hierarchical import _check_tree

__all__ = ["dendrogram", "dendrogram_text"]

LEAF_WIDTH = 10.0


def dendrogram(Z: Any, labels: Sequence[Any] | None = None) -> dict[str, Any]:
    """Lay out the tree of a linkage matrix.

    Parameters
    ----------
    Z : ndarray of shape (n - 1, 4)
        As `linkage` gives it.
    labels : sequence of n names, optional
        The numbers of the leaves where left out.

    Returns
    -------
    dict
        ``"icoord"`` and ``"dcoord"``: for each join four x and four heights, the corners of its bracket from the left
        foot to the right, in the order of the joins, shape (n - 1, 4), float64; leaves stand at x = 5, 15, 25, ... as
        in SciPy. ``"leaves"``: leaf numbers from left to right. ``"ivl"``: their labels.
    """
    Z = _check_tree(Z)
    n = len(Z) + 1
    names = _names(labels, n)
    leaves: list[int] = []
    stack = [2 * n - 2]
    while stack:
        node = stack.pop()
        if node < n:
            leaves.append(node)
        else:
            left, right = Z[node - n, :2].astype(int).tolist()
            stack += [right, left]
    x = np.empty(2 * n - 1)
    x[leaves] = LEAF_WIDTH * (np.arange(n) + 0.5)
    height = np.concatenate((np.zeros(n), Z[:, 2]))
    icoord, dcoord = np.empty((n - 1, 4)), np.empty((n - 1, 4))
    for step, (a, b) in enumerate(Z[:, :2].astype(int).tolist()):
        icoord[step] = x[a], x[a], x[b], x[b]
        dcoord[step] = height[a], Z[step, 2], Z[step, 2], height[b]
        x[n + step] = 0.5 * (x[a] + x[b])
    return {"icoord": icoord, "dcoord": dcoord, "leaves": leaves, "ivl": [names[leaf] for leaf in leaves]}


def dendrogram_text(Z: Any, labels: Sequence[Any] | None = None, *, digits: int = 3) -> str:
    """Return the tree as indented lines: a join shows its height and size, a leaf its label.

    Parameters
    ----------
    Z, labels
        As for `dendrogram`.
    digits : int, default 3
        Significant digits of the heights.
    """
    Z = _check_tree(Z)
    n = len(Z) + 1
    names = _names(labels, n)
    lines: list[str] = []
    stack = [(2 * n - 2, "", "")]
    while stack:
        node, before, below = stack.pop()
        if node < n:
            lines.append(f"{before}{names[node]}")
            continue
        left, right, height, size = Z[node - n].tolist()
        lines.append(f"{before}┐ {height:.{digits}g} ({int(size)})")
        stack.append((int(right), below + "└─", below + "  "))
        stack.append((int(left), below + "├─", below + "│ "))
    return "\n".join(lines)


def _names(labels: Sequence[Any] | None, n: int) -> list[str]:
    if labels is None:
        return [str(i) for i in range(n)]
    names = [str(label) for label in labels]
    if len(names) != n:
        raise ValueError(f"labels must have one name a leaf: expected {n}, got {len(names)}")
    return names
