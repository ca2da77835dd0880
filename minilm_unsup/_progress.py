"""How a long job tells where it is. The base class keeps the times and shows nothing; the command line shows them."""

from __future__ import annotations

import time
from typing import Any

__all__ = ["Progress"]


class Progress:
    """Receives the stages of a job in order.

    Subclasses override `on_start`, `on_update` and `on_finish` to show them.

    Attributes
    ----------
    timings : list of dict
        One ``{"stage", "seconds", "detail"}`` for each finished stage.
    """

    def __init__(self) -> None:
        self.timings: list[dict[str, Any]] = []
        self._stage = ""
        self._started = 0.0

    def start(self, stage: str) -> None:
        """Begin a stage."""
        self._stage = stage
        self._started = time.perf_counter()
        self.on_start(stage)

    def update(self, fraction: float, detail: str = "") -> None:
        """Tell how much of the stage is done, in [0, 1]."""
        self.on_update(self._stage, min(max(fraction, 0.0), 1.0), detail)

    def finish(self, detail: str = "") -> None:
        """End the stage, with its result in a few words."""
        seconds = time.perf_counter() - self._started
        self.timings.append({"stage": self._stage, "seconds": round(seconds, 3), "detail": detail})
        self.on_finish(self._stage, seconds, detail)

    def close(self) -> None:
        """Give the display back; called once, also after an error."""

    def on_start(self, stage: str) -> None:
        """Show that a stage began."""

    def on_update(self, stage: str, fraction: float, detail: str) -> None:
        """Show how far the stage is."""

    def on_finish(self, stage: str, seconds: float, detail: str) -> None:
        """Show that the stage ended."""
