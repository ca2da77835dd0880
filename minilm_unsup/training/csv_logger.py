"""The history as a CSV file, written while training runs."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

from .callback import Callback

if TYPE_CHECKING:
    from .._history import History
    from .trainer import Trainer

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Write one line an epoch: its number, then the values of the history.

    Parameters
    ----------
    path : path
        The file; its folder must exist.
    append : bool
        Go on at the end of a file that is there (after a resume), in place of refusing it.

    Raises
    ------
    FileExistsError
        At the start of training, if the file exists and `append` is false.
    """

    def __init__(self, path: str | os.PathLike[str], *, append: bool = False) -> None:
        self.path = Path(path)
        self.append = append
        self._columns: list[str] | None = None
        self._history: History | None = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        """See that the place is free; a later stage of the same fit, which goes on with its history, finds its own."""
        if self._history is trainer.history:
            return
        self._history = trainer.history
        self._columns = None
        if self.path.exists():
            if not self.append:
                raise FileExistsError(f"{self.path} exists; choose another name or pass append=True")
            with open(self.path, encoding="utf-8", newline="") as file:
                header = next(csv.reader(file), None)
            self._columns = header[1:] if header else None

    def on_epoch_end(self, trainer: Trainer, epoch: int, values: dict[str, float]) -> None:
        """Add a line; epochs are counted over all stages of a fit."""
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if self._columns is None:
                self._columns = list(values)
                writer.writerow(["epoch", *self._columns])
            writer.writerow(
                [len(trainer.history) - 1, *(repr(values[name]) if name in values else "" for name in self._columns)]
            )
