"""What verbose=1 shows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .callback import Callback

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["EpochPrinter"]


class EpochPrinter(Callback):
    """Print one line an epoch to standard output."""

    def __init__(self) -> None:
        self._started = 0.0

    def on_epoch_begin(self, trainer: Trainer, epoch: int) -> None:
        """Note the time."""
        self._started = time.perf_counter()

    def on_epoch_end(self, trainer: Trainer, epoch: int, values: dict[str, float]) -> None:
        """Print the line."""
        shown = "  ".join(f"{name} {value:.5g}" for name, value in values.items())
        seconds = time.perf_counter() - self._started
        print(f"epoch {epoch + 1}/{trainer.epochs}  {shown}  ({seconds:.2f} s)", flush=True)
