"""Adversarial networks against what theory says of them, and the distances by which they are measured."""

from __future__ import annotations

import math

import numpy as np

from ..metrics import frechet_distance, maximum_mean_discrepancy
from ..models import GAN
from ..nn import DiscriminatorLoss, Workspace
from .law import Law
from .training import on_threads

__all__ = ["LAWS"]


def _optimum(rng: np.random.Generator) -> float:
    """D* = p / (p + q) is a minimum, with the value log 4 - 2 JSD (Goodfellow et al. 2014, theorem 1)."""
    real, made = rng.integers(1, 6, 5), rng.integers(1, 6, 5)
    p, q = real / real.sum(), made / made.sum()
    rows = np.concatenate((np.repeat(np.arange(5), real), np.repeat(np.arange(5), made)))
    logits, out = (np.log(p) - np.log(q))[rows][:, None], np.empty((len(rows), 1))
    value = DiscriminatorLoss().gradient(logits, np.arange(len(rows)) < real.sum(), out, work=Workspace())
    middle = (p + q) / 2
    divergence = 0.5 * float(np.sum(p * np.log(p / middle)) + np.sum(q * np.log(q / middle)))
    slope = np.abs(np.bincount(rows, out[:, 0])).max()
    return max(float(slope), abs(value - (math.log(4) - 2 * divergence)))


def _frechet(rng: np.random.Generator) -> float:
    """Of samples on one axis: (m - n)**2 + (s - t)**2."""
    X, Y = rng.standard_normal((40, 1)), 2 + 3 * rng.standard_normal((30, 1))
    expected = (X.mean() - Y.mean()) ** 2 + (X.std(ddof=1) - Y.std(ddof=1)) ** 2
    return abs(frechet_distance(X, Y) - float(expected))


def _discrepancy(rng: np.random.Generator) -> float:
    X, Y = rng.standard_normal((6, 3)), rng.standard_normal((5, 3))

    def mean(A: np.ndarray, B: np.ndarray, same: bool) -> float:
        pairs = [(a, b) for i, a in enumerate(A) for j, b in enumerate(B) if not same or i != j]
        return float(np.mean([math.exp(-float((a - b) @ (a - b)) / 2) for a, b in pairs]))

    return abs(maximum_mean_discrepancy(X, Y, 1.0) - mean(X, X, True) - mean(Y, Y, True) + 2 * mean(X, Y, False))


def _covers(rng: np.random.Generator) -> float:
    """Both halves of a mixture are made; the share of the smaller one is told."""
    X = (np.where(rng.random(800) < 0.5, -2.0, 2.0) + 0.4 * rng.standard_normal(800))[:, None]
    gan = GAN(4, generator_sizes=32, discriminator_sizes=32, epochs=150, random_state=0).fit(X)
    above = float((gan.sample(1000, random_state=0) > 0).mean())
    return max(above, 1 - above)


def _threads(rng: np.random.Generator) -> float:
    X = rng.standard_normal((128, 6)).astype(np.float32)
    return on_threads(lambda: GAN(4, epochs=2, random_state=0).fit(X).sample(20, random_state=0).tobytes())


LAWS = [
    Law("games", "the best discriminator is p / (p + q)", _optimum, 1e-12),
    Law("games", "Frechet distance of samples on a line", _frechet, 1e-9),
    Law("games", "maximum mean discrepancy is its formula", _discrepancy, 1e-12),
    Law("games", "a GAN makes both halves of a mixture (share of the larger)", _covers, 0.8, draws=1),
    Law("games", "1, 2 and 3 threads give the same bits", _threads, 0, draws=1),
]
