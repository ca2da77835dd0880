"""Epochs on a progress display."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._progress import Progress
from .callback import Callback

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["ProgressReporter"]


class ProgressReporter(Callback):
    """Tell a `Progress` after each epoch how far training is.

    Parameters
    ----------
    progress : Progress
    monitor : str
        The value of the history that is shown.
    """

    def __init__(self, progress: Progress, monitor: str = "loss") -> None:
        self.progress = progress
        self.monitor = monitor

    def on_epoch_end(self, trainer: Trainer, epoch: int, values: dict[str, float]) -> None:
        """Tell the epoch and its value."""
        name = self.monitor.replace("_", " ")
        self.progress.update((epoch + 1) / trainer.epochs, f"{name} {values[self.monitor]:.4f}")
