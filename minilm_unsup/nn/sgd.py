"""Gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

from .._numba import JIT_FAST, njit
from .optimizer import Optimizer

__all__ = ["SGD"]


@njit(**JIT_FAST)
def descend(
    settings,  # IN   (2,)   shrink, alpha
    grad,  # IN   (P,)
    data,  # OUT  (P,)   moved
):
    shrink, alpha = settings[0], settings[1]
    for i in range(data.shape[0]):
        data[i] = data[i] * shrink - alpha * grad[i]


@dataclass(frozen=True)
class SGD(Optimizer):
    """``theta -= learning_rate * gradient``."""

    learning_rate: float = 0.1

    _move = staticmethod(descend)

    def _settings(self, t: int, alpha: float) -> tuple[float, ...]:
        return (alpha,)
