"""Gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass

from .._numba import JIT_FAST, njit
from .._validation import check_number
from .optimizer import Optimizer

__all__ = ["Momentum"]


@njit(**JIT_FAST)
def roll(
    settings,  # IN   (3,)   shrink, alpha, mu
    grad,  # IN   (P,)
    velocity,  # OUT  (P,)   moved
    data,  # OUT  (P,)   moved
):
    shrink, alpha, mu = settings[0], settings[1], settings[2]
    for i in range(data.shape[0]):
        v = mu * velocity[i] - alpha * grad[i]
        velocity[i] = v
        data[i] = data[i] * shrink + v


@dataclass(frozen=True)
class Momentum(Optimizer):
    """``v = momentum * v - learning_rate * gradient; theta += v`` (Sutskever et al. 2013, eqs. 1 and 2).

    Parameters
    ----------
    learning_rate : float, above 0
    momentum : float in [0, 1)
    """

    learning_rate: float = 0.1
    momentum: float = 0.9

    slots = ("velocity",)
    _move = staticmethod(roll)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.momentum, "momentum", low=0, high=1, high_open=True)

    def _settings(self, t: int, alpha: float) -> tuple[float, ...]:
        return alpha, self.momentum
