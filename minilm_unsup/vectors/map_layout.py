"""A map of documents: two coordinates a row, such that rows alike in direction lie near each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._parallel import map_blocks
from .._validation import check_matrix, check_number, check_random_state
from ..ops.matmul import matmul
from ..ops.sparse import normalize_rows
from .truncated_svd import randomized_svd

__all__ = ["document_map"]

# Similarities held at once by a block of the neighbour search, 8 MB.
BLOCK_VALUES = 2_000_000
N_NEGATIVES = 5
# Standard deviation of the first axis at the start: wide enough that points can pass each other, narrow enough that
# attraction still reaches across (its pull falls off with the distance).
START_WIDTH = 4.0
STEPS_OF_BISECTION = 40
# Share of its place by which the pull to the centre shortens a point at each draw.
GRAVITY = np.float32(0.002)


def document_map(
    X: Any, *, n_neighbors: int = 15, n_epochs: int | None = None, random_state: Any = None
) -> NDArray[np.float32]:
    """Lay rows out in the plane so that rows of like direction are neighbours.

    The graph of exact nearest neighbours by cosine gets fuzzy weights (UMAP, section 3.1); the layout starts from the
    first two principal components and is improved by stochastic gradient steps that pull the ends of sampled edges
    together and push sampled pairs apart, under the likelihood of LargeVis with ``p(edge) = 1 / (1 + |y_i - y_j|^2)``.
    A weak pull to the centre keeps islands that no edge ties to the rest within sight of it.

    Distances far apart on the map, sizes of islands and the empty space between them mean little; nearness does.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        Only directions count. Rows of zeros are alike, and unlike all others.
    n_neighbors : int, default 15
        At least 2; fewer give finer islands. At most ``n_samples - 1`` are used.
    n_epochs : int, optional
        Passes over the edges, at least 0; 300 where left out, fewer above 10,000 rows.
    random_state : None, int or numpy.random.Generator

    Returns
    -------
    ndarray of shape (n_samples, 2), float32
        Centred, the wider spread on the first axis. The same seed gives the same bits on any number of threads.

    Raises
    ------
    ValueError, TypeError
        For input with NaN or infinity, or parameters out of range.

    Notes
    -----
    The neighbour search costs ``n_samples ** 2 * n_features`` multiply-adds; draw a sample of large collections.

    References
    ----------
    McInnes, Healy and Melville, "UMAP", 2018, arXiv:1802.03426: sections 3.1 (weights) and 3.2 (layout), algorithms
    3 and 5. Tang, Liu, Zhang and Mei, "Visualizing large-scale and high-dimensional data" (LargeVis), WWW 2016,
    arXiv:1602.00370: equations 3 to 6. Kobak and Linderman, "Initialization is critical for preserving global data
    structure in both t-SNE and UMAP", Nature Biotechnology 2021. Steele, Lea and Flood, "Fast splittable pseudorandom
    number generators" (SplitMix64), OOPSLA 2014.
    """
    X = check_matrix(X, "X")
    n_neighbors = check_number(n_neighbors, "n_neighbors", integer=True, low=2)
    n = len(X)
    if n_epochs is None:
        n_epochs = 300 if n <= 10_000 else 200
    n_epochs = check_number(n_epochs, "n_epochs", integer=True, low=0)
    rng = check_random_state(random_state)
    key = rng.integers(0, 2**64, dtype=np.uint64)
    rows = _unit_rows(X)
    Y = _start(rows, rng)
    if n > 1 and n_epochs > 0:
        neighbors, distances = _nearest(rows, min(n_neighbors, n - 1))
        heads, tails, weights = _edges(neighbors, _membership(distances))
        period = (weights.max() / weights).astype(np.float32)
        kept = period <= n_epochs  # the others would never be drawn
        move_points(heads[kept], tails[kept], period[kept], n_epochs, key, Y, period[kept])
    return _turned(Y)


def _unit_rows(X: NDArray) -> NDArray[np.float32]:
    """Return rows of unit length; rows of zeros point along a column of their own."""
    # A power of two a row keeps squares in range and changes no bits of the quotients.
    largest = np.abs(X).max(axis=1)
    exponent = np.frexp(largest)[1]
    rows = np.asarray(normalize_rows(np.ldexp(X, -exponent[:, None])), dtype=np.float32)
    empty = largest == 0
    if empty.any():
        rows = np.concatenate((rows, empty[:, None].astype(np.float32)), axis=1)
    return np.ascontiguousarray(rows)


def _start(rows: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the first two principal components, scaled, with noise that parts equal rows."""
    n = len(rows)
    centred = rows - rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    U, s, _ = randomized_svd(centred, 2, n_iter=4, n_oversamples=8, rng=rng)
    Y = (U * s)[:, :2].astype(np.float64)
    width = float(np.sqrt(np.mean(Y[:, 0] ** 2)))
    # Rows that differ by rounding alone have no direction worth keeping.
    Y *= START_WIDTH / width if width > 1e-4 else 0.0
    Y += rng.normal(scale=0.01 if width > 1e-4 else 1.0, size=(n, 2))
    return np.ascontiguousarray(Y, dtype=np.float32)


def _nearest(rows: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the `k` nearest other rows, shape (N, k), and their distances ``sqrt(2 - 2 cos)``, rising."""
    n = len(rows)

    def search(start: int, stop: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        similarity = matmul(rows[start:stop], rows, transpose_b=True)
        inside = np.arange(stop - start)
        similarity[inside, inside + start] = -np.inf
        np.negative(similarity, out=similarity)
        found = np.argpartition(similarity, k - 1, axis=1)[:, :k]
        values = np.take_along_axis(similarity, found, axis=1)
        order = np.lexsort((found, values), axis=1)
        found, values = np.take_along_axis(found, order, axis=1), np.take_along_axis(values, order, axis=1)
        return found.astype(np.int32), np.sqrt(np.maximum(2 + 2 * values, 0))

    parts = map_blocks(search, n, max(16, BLOCK_VALUES // n))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _membership(distances: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return fuzzy weights (N, k): ``exp(-(d - nearest) / sigma)`` with sigma such that a row sums to log2 k."""
    beyond = distances.astype(np.float64)
    beyond -= beyond[:, :1]
    target = max(1.0, np.log2(beyond.shape[1]))
    # sigma lies in [floor, ceiling]; the floor (UMAP, smooth_knn_dist) keeps equal distances from dividing by zero.
    floor = 1e-3 * max(float(distances.mean()), 1e-6)
    low, high = np.full(len(beyond), floor), np.full(len(beyond), 1e3)
    for _ in range(STEPS_OF_BISECTION):
        middle = np.sqrt(low * high)
        too_wide = np.exp(-beyond / middle[:, None]).sum(axis=1) > target
        high = np.where(too_wide, middle, high)
        low = np.where(too_wide, low, middle)
    return np.exp(-beyond / high[:, None])


def _edges(
    neighbors: NDArray[np.int32], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Return heads, tails and weights of the union ``a + b - a b`` of each edge with its reverse, both ways."""
    n, k = neighbors.shape
    i = np.repeat(np.arange(n, dtype=np.int64), k)
    j = neighbors.ravel().astype(np.int64)
    keys = np.concatenate((i * n + j, j * n + i))
    both = np.concatenate((weights.ravel(), weights.ravel()))
    order = np.argsort(keys, kind="stable")
    keys, both = keys[order], both[order]
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    # A pair occurs at most twice: once from either end.
    absent = np.multiply.reduceat(1 - both, first)
    keys, union = keys[first], 1 - absent
    kept = union > 0
    keys = keys[kept]
    return (keys // n).astype(np.int32), (keys % n).astype(np.int32), union[kept]


def _turned(Y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the points centred and turned so that the first axis spreads widest."""
    Z = Y.astype(np.float64)
    Z -= Z.mean(axis=0)
    xx, xy, yy = float(Z[:, 0] @ Z[:, 0]), float(Z[:, 0] @ Z[:, 1]), float(Z[:, 1] @ Z[:, 1])
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack((cos * Z[:, 0] + sin * Z[:, 1], cos * Z[:, 1] - sin * Z[:, 0]), axis=1).astype(np.float32)


@njit(**JIT_FAST)
def move_points(
    heads,  # IN   (E,) int32
    tails,  # IN   (E,) int32
    period,  # IN   (E,) float32  epochs between two draws of an edge, at least 1
    n_epochs,  # IN
    key,  # IN   uint64
    Y,  # IN OUT  (N, 2) float32
    due,  # WORK (E,) float32  first epoch at which an edge is drawn, counted from 1
):
    n = np.uint64(Y.shape[0])
    counter = key
    for epoch in range(1, n_epochs + 1):
        rate = np.float32(1.0) - np.float32(epoch - 1) / np.float32(n_epochs)
        for e in range(heads.shape[0]):
            if due[e] > epoch:
                continue
            due[e] += period[e]
            i, j = heads[e], tails[e]
            x, y = Y[i, 0], Y[i, 1]
            dx, dy = x - Y[j, 0], y - Y[j, 1]
            # Gradient of log 1 / (1 + s), s the squared distance; never longer than 1.
            pull = rate * np.float32(-2.0) / (np.float32(1.0) + dx * dx + dy * dy)
            x += pull * dx
            y += pull * dy
            Y[j, 0] -= pull * dx
            Y[j, 1] -= pull * dy
            for _ in range(N_NEGATIVES):
                # SplitMix64: the mixed counter is the draw.
                counter += np.uint64(0x9E3779B97F4A7C15)
                z = (counter ^ (counter >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                z ^= z >> np.uint64(31)
                other = ((z >> np.uint64(32)) * n) >> np.uint64(32)
                if other == np.uint64(i):
                    continue
                dx, dy = x - Y[other, 0], y - Y[other, 1]
                s = dx * dx + dy * dy
                # Gradient of log (1 - 1 / (1 + s)), kept finite where points meet, and its steps bounded.
                push = np.float32(2.0) / ((np.float32(0.001) + s) * (np.float32(1.0) + s))
                step_x = min(max(push * dx, np.float32(-4.0)), np.float32(4.0))
                step_y = min(max(push * dy, np.float32(-4.0)), np.float32(4.0))
                x += rate * step_x
                y += rate * step_y
            Y[i, 0], Y[i, 1] = x - rate * GRAVITY * x, y - rate * GRAVITY * y
