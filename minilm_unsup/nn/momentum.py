"""Gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass

from .._numba import JIT_FAST, njit
from .._validation import check_flag, check_number
from .optimizer import Optimizer

__all__ = ["Momentum"]


@njit(**JIT_FAST)
def roll(
    settings,  # IN   (4,)   shrink, alpha, mu, and mu again to look ahead or 0 not to
    grad,  # IN   (P,)
    velocity,  # OUT  (P,)   moved
    data,  # OUT  (P,)   moved
):
    shrink, alpha, mu, ahead = settings[0], settings[1], settings[2], settings[3]
    if ahead == 0:
        for i in range(data.shape[0]):
            v = mu * velocity[i] - alpha * grad[i]
            velocity[i] = v
            data[i] = data[i] * shrink + v
    else:
        for i in range(data.shape[0]):
            push = alpha * grad[i]
            v = mu * velocity[i] - push
            velocity[i] = v
            data[i] = data[i] * shrink + ahead * v - push


@dataclass(frozen=True)
class Momentum(Optimizer):
    """``v = momentum * v - learning_rate * gradient; theta += v`` (Sutskever et al. 2013, eqs. 1 and 2).

    With `nesterov`, ``theta += momentum * v - learning_rate * gradient``: eqs. 3 and 4, written for the parameters at
    which the gradient is taken (Bengio et al. 2013, eq. 7).

    Parameters
    ----------
    learning_rate : float, above 0
    momentum : float in [0, 1)
    nesterov : bool
    """

    learning_rate: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False

    slots = ("velocity",)
    _move = staticmethod(roll)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.momentum, "momentum", low=0, high=1, high_open=True)
        check_flag(self.nesterov, "nesterov")

    def _settings(self, t: int, alpha: float) -> tuple[float, ...]:
        return alpha, self.momentum, self.momentum if self.nesterov else 0.0
