"""Adam."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .._numba import JIT_FAST, njit
from .._validation import check_number
from .optimizer import Optimizer

__all__ = ["Adam", "AdamW"]


@njit(**JIT_FAST)
def adapt(
    settings,  # IN   (6,)   shrink, alpha, gain1, gain2, correct2, epsilon
    grad,  # IN   (P,)
    mean,  # OUT  (P,)   moved
    square,  # OUT  (P,)   moved
    data,  # OUT  (P,)   moved
):
    shrink, alpha, gain1, gain2 = settings[0], settings[1], settings[2], settings[3]
    correct2, epsilon = settings[4], settings[5]
    for i in range(data.shape[0]):
        g = grad[i]
        m = mean[i] + gain1 * (g - mean[i])
        v = square[i] + gain2 * (g * g - square[i])
        mean[i] = m
        square[i] = v
        data[i] = data[i] * shrink - alpha * m / (np.sqrt(v) * correct2 + epsilon)


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

    slots = ("mean", "square")
    _move = staticmethod(adapt)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.beta1, "beta1", low=0, high=1, high_open=True)
        check_number(self.beta2, "beta2", low=0, high=1, high_open=True)
        check_number(self.epsilon, "epsilon", low=0, low_open=True)

    def _settings(self, t: int, alpha: float) -> tuple[float, ...]:
        correct1, correct2 = 1 - self.beta1**t, 1 - self.beta2**t
        return alpha / correct1, 1 - self.beta1, 1 - self.beta2, 1 / math.sqrt(correct2), self.epsilon


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2).

    Each step the parameters shrink by ``learning_rate * weight_decay`` of themselves; a `ParameterGroup` has a decay of
    its own.

    Parameters
    ----------
    learning_rate : float, above 0
    beta1, beta2 : float in [0, 1)
    epsilon : float, above 0
    weight_decay : float, at least 0
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.weight_decay, "weight_decay", low=0)

    def _decay(self) -> float:
        return self.weight_decay
