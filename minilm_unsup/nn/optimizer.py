"""The contract of an optimizer: one fused loop over the flat vector of parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._parallel import map_blocks
from .._validation import check_number
from .parameters import ParameterStore

__all__ = ["Optimizer", "ParameterGroup", "update_blocks"]

# Parameters that one block of the update holds; smaller networks are updated in one call.
BLOCK = 1 << 16


class ParameterGroup(NamedTuple):
    """A range of the flat vector with settings of its own.

    Attributes
    ----------
    start, stop : int
        Range in the flat vector.
    rate : float
        Factor on the learning rate; what no group covers stays as it is.
    decay : float
        Decoupled weight decay: each step the parameters shrink by ``learning_rate * rate * decay`` of themselves
        (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2).
    """

    start: int
    stop: int
    rate: float = 1.0
    decay: float = 0.0


def update_blocks(update: Callable[[int, int], Any], start: int, stop: int) -> None:
    """Call ``update(a, b)`` on blocks that cover ``start..stop``, on all threads where there is more than one."""
    if stop - start <= BLOCK:
        update(start, stop)
    else:
        map_blocks(lambda a, b: update(start + a, start + b), stop - start, BLOCK)


@dataclass(frozen=True)
class Optimizer:
    """Base of every optimizer.

    Parameters
    ----------
    learning_rate : float, above 0
    """

    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        check_number(self.learning_rate, "learning_rate", low=0, low_open=True)

    def first_state(self, size: int, dtype: Any) -> dict[str, NDArray]:
        """Return the state before the first step: arrays by name, of which a checkpoint is made."""
        raise NotImplementedError

    def step(
        self, store: ParameterStore, state: dict[str, NDArray], groups: Sequence[ParameterGroup] | None = None
    ) -> None:
        """Move the parameters of `store` once by its gradients, and change `state` accordingly.

        Parameters
        ----------
        store : ParameterStore
            Its gradients must be settled.
        state : dict of str to ndarray
        groups : sequence of ParameterGroup, optional
            The parameters to move; all of them by default.
        """
        raise NotImplementedError

    @staticmethod
    def _groups(store: ParameterStore, groups: Sequence[ParameterGroup] | None) -> Sequence[ParameterGroup]:
        return (ParameterGroup(0, store.size),) if groups is None else groups


def count_step(state: dict[str, NDArray]) -> int:
    """Count one step in ``state["step"]`` and return the count."""
    step = int(state["step"][0]) + 1
    state["step"][0] = step
    return step


def first_step() -> NDArray[np.int64]:
    """Return the counter of a state before its first step."""
    return np.zeros(1, dtype=np.int64)
