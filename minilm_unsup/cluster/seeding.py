"""Where K-means starts: greedy k-means++ and random rows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .rows import Rows

__all__ = ["choose_first_centers"]


def choose_first_centers(
    rows: Rows, weight: NDArray, n_clusters: int, method: str, rng: np.random.Generator
) -> NDArray:
    """Return `n_clusters` rows (scaled, dense) to start from, shape (K, D).

    ``"k-means++"`` draws each next centre with probability in proportion to weight times potential, the squared
    distance to the nearest centre so far (1 - cos under cosine, which is the same for unit vectors up to a factor),
    and of ``2 + log K`` draws keeps the one that lowers the total potential most (Arthur and Vassilvitskii 2007,
    section 2.2 and the greedy variant of its conclusion). ``"random"`` draws rows without replacement. Rows without
    direction, which are equally far from every centre, are drawn only where there is nothing else.
    """
    n = rows.shape[0]
    mass = weight.astype(np.float64)
    if rows.cosine and (mass[rows.squares > 0] > 0).any():
        mass[rows.squares == 0] = 0
    if method == "random":
        n_drawn = min(n_clusters, int(np.count_nonzero(mass)))
        chosen = rng.choice(n, size=n_drawn, replace=False, p=mass / mass.sum())
        if n_drawn < n_clusters:
            chosen = np.concatenate((chosen, np.flatnonzero(mass == 0)[: n_clusters - n_drawn]))
        return rows.take(chosen)
    n_trials = 2 + int(math.log(n_clusters))
    chosen = np.empty(n_clusters, dtype=np.int64)
    chosen[0] = _draw(mass, rng, 1)[0]
    closest = rows.distances_to(rows.take(chosen[:1]))[0]
    closest[chosen[0]] = 0
    for k in range(1, n_clusters):
        potential = mass * closest
        if not potential.any():  # every row sits on a centre already
            potential = mass
        candidates = _draw(potential, rng, n_trials)
        trials = rows.distances_to(rows.take(candidates))
        np.minimum(trials, closest, out=trials)
        best = int(np.argmin([np.einsum("n,n->", mass, trial) for trial in trials]))
        closest = trials[best].copy()
        chosen[k] = candidates[best]
        closest[chosen[k]] = 0
    return rows.take(chosen)


def _draw(mass: NDArray[np.float64], rng: np.random.Generator, size: int) -> NDArray[np.int64]:
    """Return `size` row numbers drawn in proportion to `mass`; rows of no mass are never drawn."""
    cumulative = np.cumsum(mass)
    positive = np.flatnonzero(mass)
    drawn = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    return np.clip(drawn, positive[0], positive[-1])
