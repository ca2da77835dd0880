"""Gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .optimizer import Optimizer, ParameterGroup, count_step, first_step, update_blocks
from .parameters import ParameterStore

__all__ = ["SGD"]


@dataclass(frozen=True)
class SGD(Optimizer):
    """``theta -= learning_rate * gradient``."""

    learning_rate: float = 0.1

    def first_state(self, size: int, dtype: Any) -> dict[str, NDArray]:
        """The number of steps alone."""
        return {"step": first_step()}

    def step(
        self, store: ParameterStore, state: dict[str, NDArray], groups: Sequence[ParameterGroup] | None = None
    ) -> None:
        """Take one step down the gradient."""
        count_step(state)
        number = store.dtype.type
        for start, stop, rate, decay in self._groups(store, groups):
            alpha = self.learning_rate * rate

            def update(a: int, b: int, alpha: Any = number(alpha), shrink: Any = number(1 - alpha * decay)) -> None:
                descend(store.grad[a:b], alpha, shrink, store.data[a:b])

            update_blocks(update, start, stop)


@njit(**JIT_FAST)
def descend(
    grad,  # IN   (P,)
    alpha,  # IN   learning rate
    shrink,  # IN   1 - learning rate * decay
    data,  # OUT  (P,)   moved
):
    for i in range(data.shape[0]):
        data[i] = data[i] * shrink - alpha * grad[i]
