"""Stop when nothing gets better."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .._validation import check_number
from .callback import Callback, watched_value

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["EarlyStopping"]


class EarlyStopping(Callback):
    """Stop once `monitor` has not fallen for `patience` epochs, and put the best weights back.

    Parameters
    ----------
    monitor : str
        A value of the history; smaller is better.
    patience : int, at least 1
        Epochs without a new best before training stops.
    min_delta : float, at least 0
        A value counts as a new best only if it is lower by more than this.
    restore_best : bool
        Put the weights of the best epoch back when training ends, also where it ran to its last epoch.

    Attributes
    ----------
    best_epoch_ : int or None
        Number of the best epoch, from 0.
    best_value_ : float
        The value of `monitor` after it.
    """

    def __init__(
        self, monitor: str = "val_loss", *, patience: int = 5, min_delta: float = 0.0, restore_best: bool = True
    ) -> None:
        self.monitor = monitor
        self.patience = check_number(patience, "patience", integer=True, low=1)
        self.min_delta = check_number(min_delta, "min_delta", low=0)
        self.restore_best = restore_best
        self._forget()

    def _forget(self) -> None:
        self.best_epoch_: int | None = None
        self.best_value_ = math.inf
        self._best_weights: NDArray | None = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Forget the last fit."""
        self._forget()

    def on_epoch_end(self, trainer: Trainer, epoch: int, values: dict[str, float]) -> None:
        """Compare with the best epoch so far."""
        value = watched_value(values, self.monitor, self)
        if self.best_epoch_ is None or value < self.best_value_ - self.min_delta:
            self.best_epoch_, self.best_value_ = epoch, value
            if self.restore_best:
                if self._best_weights is None:
                    self._best_weights = trainer.store.data.copy()
                else:
                    self._best_weights[:] = trainer.store.data
        elif epoch - self.best_epoch_ >= self.patience:
            trainer.stop(f"{self.monitor} did not fall for {self.patience} epochs")

    def on_fit_end(self, trainer: Trainer) -> None:
        """Put the best weights back."""
        if self._best_weights is not None:
            trainer.store.data[:] = self._best_weights
            trainer.history.info["best_epoch"] = self.best_epoch_
            self._best_weights = None

    def get_state(self) -> dict[str, Any]:
        """Return the best epoch, its value and its weights."""
        best = None if self.best_epoch_ is None else self.best_value_
        return {"epoch": self.best_epoch_, "value": best, "weights": self._best_weights}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take back what `get_state` gave."""
        self.best_epoch_ = state["epoch"]
        self.best_value_ = math.inf if state["value"] is None else float(state["value"])
        self._best_weights = state.get("weights")
