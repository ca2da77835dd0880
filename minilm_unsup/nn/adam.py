"""Adam."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._validation import check_number
from .optimizer import Optimizer, ParameterGroup, count_step, first_step, update_blocks
from .parameters import ParameterStore

__all__ = ["Adam"]


@dataclass(frozen=True)
class Adam(Optimizer):
    """Running means of gradient and squared gradient, corrected for their start at zero (Kingma and Ba 2015, alg. 1).

    ``m = beta1 m + (1 - beta1) g``, ``v = beta2 v + (1 - beta2) g**2``,
    ``theta -= learning_rate * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + epsilon)``.

    Parameters
    ----------
    learning_rate : float, above 0
    beta1, beta2 : float in [0, 1)
    epsilon : float, above 0
    """

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.beta1, "beta1", low=0, high=1, high_open=True)
        check_number(self.beta2, "beta2", low=0, high=1, high_open=True)
        check_number(self.epsilon, "epsilon", low=0, low_open=True)

    def first_state(self, size: int, dtype: Any) -> dict[str, NDArray]:
        """Means of zero."""
        return {"step": first_step(), "mean": np.zeros(size, dtype=dtype), "square": np.zeros(size, dtype=dtype)}

    def step(
        self, store: ParameterStore, state: dict[str, NDArray], groups: Sequence[ParameterGroup] | None = None
    ) -> None:
        """Take one step of Adam."""
        t = count_step(state)
        number, mean, square = store.dtype.type, state["mean"], state["square"]
        gain1, gain2, epsilon = number(1 - self.beta1), number(1 - self.beta2), number(self.epsilon)
        correct1 = 1 / (1 - self.beta1**t)
        correct2 = number(1 / math.sqrt(1 - self.beta2**t))
        for start, stop, rate, decay in self._groups(store, groups):
            alpha = number(self.learning_rate * rate * correct1)
            shrink = number(1 - self.learning_rate * rate * decay)
            if stop - start == store.size and store.size <= 1 << 16:
                adapt(store.grad, alpha, gain1, gain2, correct2, epsilon, shrink, mean, square, store.data)
                continue

            def update(a: int, b: int, alpha: Any = alpha, shrink: Any = shrink) -> None:
                adapt(
                    store.grad[a:b], alpha, gain1, gain2, correct2, epsilon, shrink, mean[a:b], square[a:b],
                    store.data[a:b],
                )  # fmt: skip

            update_blocks(update, start, stop)


@njit(**JIT_FAST)
def adapt(
    grad,  # IN   (P,)
    alpha,  # IN   learning rate / (1 - beta1**t)
    gain1,  # IN   1 - beta1
    gain2,  # IN   1 - beta2
    correct2,  # IN   1 / sqrt(1 - beta2**t)
    epsilon,  # IN
    shrink,  # IN   1 - learning rate * decay
    mean,  # OUT  (P,)   moved
    square,  # OUT  (P,)   moved
    data,  # OUT  (P,)   moved
):
    for i in range(data.shape[0]):
        g = grad[i]
        m = mean[i] + gain1 * (g - mean[i])
        v = square[i] + gain2 * (g * g - square[i])
        mean[i] = m
        square[i] = v
        data[i] = data[i] * shrink - alpha * m / (np.sqrt(v) * correct2 + epsilon)
