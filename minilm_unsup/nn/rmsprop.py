"""RMSProp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._numba import JIT_FAST, njit
from .._validation import check_number
from .optimizer import Optimizer

__all__ = ["RMSProp"]


@njit(**JIT_FAST)
def divide_by_root(
    settings,  # IN   (4,)   shrink, alpha, gain, epsilon
    grad,  # IN   (P,)
    square,  # OUT  (P,)   moved
    data,  # OUT  (P,)   moved
):
    shrink, alpha, gain, epsilon = settings[0], settings[1], settings[2], settings[3]
    for i in range(data.shape[0]):
        g = grad[i]
        v = square[i] + gain * (g * g - square[i])
        square[i] = v
        data[i] = data[i] * shrink - alpha * g / (np.sqrt(v) + epsilon)


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """``v = rho v + (1 - rho) g**2; theta -= learning_rate * g / (sqrt(v) + epsilon)`` (Tieleman and Hinton 2012).

    Parameters
    ----------
    learning_rate : float, above 0
    rho : float in [0, 1)
    epsilon : float, above 0
    """

    learning_rate: float = 1e-3
    rho: float = 0.9
    epsilon: float = 1e-7

    slots = ("square",)
    _move = staticmethod(divide_by_root)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.rho, "rho", low=0, high=1, high_open=True)
        check_number(self.epsilon, "epsilon", low=0, low_open=True)

    def _settings(self, t: int, alpha: float) -> tuple[float, ...]:
        return alpha, 1 - self.rho, self.epsilon
