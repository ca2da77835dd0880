"""Weights that are the mean of those on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._validation import check_number
from .callback import Callback

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["WeightAveraging"]


class WeightAveraging(Callback):
    """Keep a running mean of the weights after each step, and put it in their place when training ends.

    ``mean = d * mean + (1 - d) * weights`` with ``d = min(decay, (1 + t) / (10 + t))`` after step t, so that the first
    weights do not weigh for long (Polyak and Juditsky 1992, in the form that is usual for networks). What is measured
    while training goes on is measured of the weights themselves.

    Parameters
    ----------
    decay : float in [0, 1)
    """

    def __init__(self, decay: float = 0.999) -> None:
        self.decay = check_number(decay, "decay", low=0, high=1, high_open=True)
        self._mean: NDArray | None = None
        self._n_steps = 0

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Begin with the weights as they are."""
        self._mean, self._n_steps = trainer.store.data.astype(np.float64), 0

    def on_batch_end(self, trainer: Trainer, batch: int, values: dict[str, float]) -> None:
        """Take in the weights after a step."""
        assert self._mean is not None
        decay = min(self.decay, (1 + self._n_steps) / (10 + self._n_steps))
        self._mean += (1 - decay) * (trainer.store.data - self._mean)
        self._n_steps += 1

    def on_fit_end(self, trainer: Trainer) -> None:
        """Put the mean in the place of the weights."""
        trainer.store.data[:] = self._mean

    def get_state(self) -> dict[str, Any]:
        """Return the mean and the number of steps."""
        return {"mean": self._mean, "n_steps": self._n_steps}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` gave."""
        self._mean, self._n_steps = np.array(state["mean"]), int(state["n_steps"])
