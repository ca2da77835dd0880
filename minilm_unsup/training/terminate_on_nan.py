"""Stop quietly when the loss is no number any more."""

from __future__ import annotations

from .callback import Callback

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Callback):
    """Take a loss that is NaN or infinite for an end like any other.

    The loop never trains on such a loss: it leaves the weights as they were before that batch, stops and warns. With
    this callback it does not warn; ``history_.info["stopped"]`` says what happened.
    """
