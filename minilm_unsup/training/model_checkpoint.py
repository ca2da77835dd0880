"""Keep the state of training on disk, so that a stopped run goes on where it was."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._validation import check_number
from .callback import Callback, watched_value

if TYPE_CHECKING:
    from .._history import History
    from .trainer import Trainer

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint(Callback):
    """Save weights, optimizer, random state and data cursor to a directory; ``fit(X, resume=path)`` goes on from it.

    Each save replaces the one before whole: a stop at any moment leaves one good checkpoint.

    Parameters
    ----------
    path : path
        The directory; its parent must exist.
    every_batches : int, optional
        Save after this many batches too, not only at the end of each epoch.
    monitor : str, optional
        Save at the end of an epoch only if this value of the history is the lowest so far.
    overwrite : bool
        Replace a checkpoint that is there from another run.

    Raises
    ------
    FileExistsError
        At the start of training, if `path` exists, `overwrite` is false and training is not resumed from it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        every_batches: int | None = None,
        monitor: str | None = None,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        if every_batches is not None:
            every_batches = check_number(every_batches, "every_batches", integer=True, low=1)
        self.every_batches = every_batches
        self.monitor = monitor
        self.overwrite = overwrite
        self._best = math.inf
        self._history: History | None = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        """See that the place is free; a later stage of the same fit, which goes on with its history, finds its own."""
        self._best = math.inf
        if self._history is trainer.history:
            return
        self._history = trainer.history
        resumed = trainer.resumed_from is not None and Path(trainer.resumed_from).resolve() == self.path.resolve()
        if self.path.exists() and not self.overwrite and not resumed:
            raise FileExistsError(
                f"{self.path} exists; choose another name, pass overwrite=True, or go on from it: fit(X, resume=...)"
            )

    def on_batch_end(self, trainer: Trainer, batch: int, values: dict[str, float]) -> None:
        """Save where the count of batches says so."""
        if self.every_batches is not None and (batch + 1) % self.every_batches == 0:
            trainer.save(self.path)

    def on_epoch_end(self, trainer: Trainer, epoch: int, values: dict[str, float]) -> None:
        """Save."""
        if self.monitor is not None:
            value = watched_value(values, self.monitor, self)
            if not value < self._best:
                return
            self._best = value
        trainer.save(self.path)

    def get_state(self) -> dict[str, Any]:
        """Return the best value so far."""
        return {"best": None if math.isinf(self._best) else self._best}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take back what `get_state` gave."""
        self._best = math.inf if state["best"] is None else float(state["best"])
