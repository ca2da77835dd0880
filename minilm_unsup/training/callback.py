"""What a training loop tells to whoever wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["Callback", "watched_value"]


class Callback:
    """Base of every callback: override what is of interest.

    A callback may read the trainer (`history`, `store`, `epoch`), stop it by ``trainer.stop(reason)``, and write where
    it likes. It must not draw from the trainer's random numbers nor change its parameters, or results would depend on
    who watches; `EarlyStopping`, which puts the best weights back at the end, is the one exception.
    """

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Training starts; state left from an earlier fit is to be forgotten here."""

    def on_epoch_begin(self, trainer: Trainer, epoch: int) -> None:
        """Epoch number `epoch`, counted from 0, starts."""

    def on_batch_end(self, trainer: Trainer, batch: int, values: dict[str, float]) -> None:
        """Batch number `batch` of the epoch is done; ``values["loss"]`` is its loss before the update."""

    def on_epoch_end(self, trainer: Trainer, epoch: int, values: dict[str, float]) -> None:
        """Epoch number `epoch` is done; `values` are what the history got."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """Training ended without an exception."""

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint must keep for this callback: numbers, strings, None and arrays by name."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take back what `get_state` gave; called after `on_fit_begin` where training is resumed."""


def watched_value(values: dict[str, float], name: str, callback: Callback) -> float:
    """Return ``values[name]``, or say what is there."""
    if name not in values:
        advice = "; val_ values need validation_split above 0" if name.startswith("val_") else ""
        raise ValueError(
            f"{type(callback).__name__} watches {name!r}, but this training records {', '.join(values)}{advice}"
        )
    return values[name]
