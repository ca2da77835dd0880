"""The contract of an optimizer: one fused loop over the flat vector of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._buffers import separate_zeros
from .._parallel import map_blocks
from .._validation import check_number
from .parameters import ParameterStore

__all__ = ["Optimizer", "ParameterGroup"]

# Parameters that one block of the update holds; smaller networks are updated in one call.
BLOCK = 1 << 18


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

    #: names of the arrays beside the parameters, each as long as they are
    slots: ClassVar[tuple[str, ...]] = ()

    def first_state(self, size: int, dtype: Any, n_counts: int = 1) -> dict[str, NDArray]:
        """Return the state before the first step: arrays by name, of which a checkpoint is made.

        `n_counts`: how many sets of parameters take steps of their own.
        """
        return {"step": np.zeros(n_counts, dtype=np.int64)} | {n: separate_zeros(size, dtype) for n in self.slots}

    def step(
        self,
        store: ParameterStore,
        state: dict[str, NDArray],
        groups: Sequence[ParameterGroup] | None = None,
        count: int = 0,
        factor: float = 1.0,
    ) -> None:
        """Move the parameters of `store` once by its gradients, and change `state` accordingly.

        Parameters
        ----------
        store : ParameterStore
            Its gradients must be settled.
        state : dict of str to ndarray
        groups : sequence of ParameterGroup, optional
            The parameters to move; all of them by default.
        count : int
            Which of the counts of steps is theirs.
        factor : float
            On the learning rate, for this step.
        """
        counts = state["step"]
        counts[count] += 1
        t, size, dtype = int(counts[count]), store.data.size, store.data.dtype
        arrays = (store.grad, *[state[name] for name in self.slots], store.data)
        for start, stop, rate, decay in ((0, size, 1.0, self._decay()),) if groups is None else groups:
            alpha = self.learning_rate * factor * rate
            settings = np.array((1 - alpha * decay, *self._settings(t, alpha)), dtype)
            if stop - start > BLOCK:
                self._move_blocks(arrays, settings, start, stop)
            elif stop - start == size:
                self._move(settings, *arrays)
            else:
                self._move(settings, *[array[start:stop] for array in arrays])

    def _move_blocks(self, arrays: tuple[NDArray, ...], settings: NDArray, start: int, stop: int) -> None:
        def block(a: int, b: int) -> None:
            self._move(settings, *[array[start + a : start + b] for array in arrays])

        map_blocks(block, stop - start, BLOCK)

    def _decay(self) -> float:
        """Return the decay of what is in no group."""
        return 0.0

    def _settings(self, t: int, alpha: float) -> tuple[float, ...]:
        """Return the numbers that step number `t` needs at the learning rate `alpha`."""
        raise NotImplementedError

    @staticmethod
    def _move(*arguments: Any) -> None:
        """Update a range, given the factor of decay and the settings in one array, gradient, slots and parameters."""
        raise NotImplementedError
