"""The cheapest one-to-one assignment of rows to columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT, njit
from .._validation import check_matrix, kernel_view

__all__ = ["hungarian"]

# Sums of costs above this may overflow.
HUGE = 1e290


@njit(**JIT)
def assign_rows(
    cost,  # IN  (R, C)  float64, R <= C
    row_potential,  # WORK (R,)  float64, zeros
    column_potential,  # WORK (C,)  float64, zeros
    row_of,  # OUT (C,)  int64, -1 where a column stays free
    shortest,  # WORK (C,)  float64
    previous,  # WORK (C,)  int64
    done,  # WORK (C,)  bool
):
    """Add one row at a time along the shortest augmenting path in reduced costs."""
    n_rows, n_columns = cost.shape
    for j in range(n_columns):
        row_of[j] = -1
    for first in range(n_rows):
        for j in range(n_columns):
            shortest[j] = np.inf
            previous[j] = -1
            done[j] = False
        row = first
        last = -1
        reached = 0.0
        while True:
            best = -1
            lowest = np.inf
            for j in range(n_columns):
                if done[j]:
                    continue
                d = reached + cost[row, j] - row_potential[row] - column_potential[j]
                if d < shortest[j]:
                    shortest[j] = d
                    previous[j] = last
                if shortest[j] < lowest or (shortest[j] == lowest and row_of[j] == -1):
                    lowest = shortest[j]
                    best = j
            reached = lowest
            last = best
            done[best] = True
            if row_of[best] == -1:
                break
            row = row_of[best]
        # Keep all reduced costs at least zero, and zero along the path.
        row_potential[first] += reached
        for j in range(n_columns):
            if done[j] and j != last:
                row_potential[row_of[j]] += reached - shortest[j]
                column_potential[j] -= reached - shortest[j]
        while last != -1:
            before = previous[last]
            row_of[last] = first if before == -1 else row_of[before]
            last = before


def hungarian(cost: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Assign rows to columns one to one at the lowest total cost.

    Shortest augmenting paths (Kuhn 1955; Jonker & Volgenant 1987), O(R^2 C).

    Parameters
    ----------
    cost : array of shape (R, C)
        Finite, float64 or brought to it; the smaller side is assigned whole. Negate gains to maximise them.

    Returns
    -------
    rows, columns : ndarray of shape (min(R, C),), int64
        ``cost[rows, columns].sum()`` is the lowest possible, as with ``scipy.optimize.linear_sum_assignment``;
        `rows` rises. Which of several equally cheap assignments is given is fixed, but may differ from SciPy's.

    Raises
    ------
    ValueError
        For NaN or infinity, no row or no column.
    """
    C = check_matrix(cost, "cost", dtype=np.float64)
    largest = float(np.abs(C).max())
    if largest > HUGE:
        C = np.ldexp(C, -int(np.frexp(largest)[1]))  # exact, and the cheapest stays the cheapest
    flipped = C.shape[0] > C.shape[1]
    C = np.ascontiguousarray(C.T) if flipped else kernel_view(C)
    r, c = C.shape
    row_of = np.empty(c, dtype=np.int64)
    work = np.empty(c), np.empty(c, dtype=np.int64), np.empty(c, dtype=np.bool_)
    assign_rows(C, np.zeros(r), np.zeros(c), row_of, *work)
    columns = np.flatnonzero(row_of >= 0)
    rows = row_of[columns]
    if flipped:
        rows, columns = columns, rows
    order = np.argsort(rows)
    return rows[order], columns[order]
