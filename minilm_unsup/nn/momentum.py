"""Gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._validation import check_number
from .optimizer import Optimizer, ParameterGroup, count_step, first_step, update_blocks
from .parameters import ParameterStore

__all__ = ["Momentum"]


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

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.momentum, "momentum", low=0, high=1, high_open=True)

    def first_state(self, size: int, dtype: Any) -> dict[str, NDArray]:
        """A velocity of zero."""
        return {"step": first_step(), "velocity": np.zeros(size, dtype=dtype)}

    def step(
        self, store: ParameterStore, state: dict[str, NDArray], groups: Sequence[ParameterGroup] | None = None
    ) -> None:
        """Take one step with momentum."""
        count_step(state)
        number, velocity = store.dtype.type, state["velocity"]
        mu = number(self.momentum)
        for start, stop, rate, decay in self._groups(store, groups):
            alpha = self.learning_rate * rate

            def update(a: int, b: int, alpha: Any = number(alpha), shrink: Any = number(1 - alpha * decay)) -> None:
                roll(store.grad[a:b], alpha, mu, shrink, velocity[a:b], store.data[a:b])

            update_blocks(update, start, stop)


@njit(**JIT_FAST)
def roll(
    grad,  # IN   (P,)
    alpha,  # IN   learning rate
    mu,  # IN   momentum
    shrink,  # IN   1 - learning rate * decay
    velocity,  # OUT  (P,)   moved
    data,  # OUT  (P,)   moved
):
    for i in range(data.shape[0]):
        v = mu * velocity[i] - alpha * grad[i]
        velocity[i] = v
        data[i] = data[i] * shrink + v
