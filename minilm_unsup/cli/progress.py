"""How the command line shows progress: live on a terminal, one line a stage elsewhere, always on standard error."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

from .._progress import Progress

__all__ = ["LineProgress", "LiveProgress", "RichProgress", "choose_progress"]


class LineProgress(Progress):
    """One line for each finished stage."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self.stream = sys.stderr if stream is None else stream

    def on_finish(self, stage: str, seconds: float, detail: str) -> None:
        """Print the line."""
        print(f"{stage:<12} {seconds:7.2f} s  {detail}", file=self.stream, flush=True)


class LiveProgress(LineProgress):
    """A bar that is redrawn in place, and a line for each finished stage; needs a terminal and nothing else."""

    _INTERVAL = 0.1  # seconds between two drawings

    def __init__(self, stream: TextIO | None = None, width: int = 24) -> None:
        super().__init__(stream)
        self.width = width
        self._drawn = 0.0

    def _draw(self, stage: str, fraction: float | None, detail: str) -> None:
        if fraction is None:
            bar = "." * self.width
        else:
            filled = round(fraction * self.width)
            bar = "#" * filled + "." * (self.width - filled)
        import shutil

        line = f"{stage:<12} [{bar}] {detail}"
        self.stream.write("\r\x1b[2K" + line[: shutil.get_terminal_size().columns - 1])
        self.stream.flush()

    def on_start(self, stage: str) -> None:
        """Draw an empty bar."""
        self._draw(stage, None, "")

    def on_update(self, stage: str, fraction: float, detail: str) -> None:
        """Redraw the bar, at most ten times a second."""
        now = time.monotonic()
        if now - self._drawn >= self._INTERVAL:
            self._drawn = now
            self._draw(stage, fraction, detail)

    def on_finish(self, stage: str, seconds: float, detail: str) -> None:
        """Put the stage's line in the place of the bar."""
        self.stream.write("\r\x1b[2K")
        super().on_finish(stage, seconds, detail)

    def close(self) -> None:
        """Clear what an interrupted stage drew."""
        self.stream.write("\r\x1b[2K")
        self.stream.flush()


class RichProgress(Progress):
    """The same in colours, by the package rich (``pip install 'minilm_unsup[cli]'``)."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Display

        self._display: Any = Display(
            TextColumn("[bold]{task.description:<12}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
            console=Console(stderr=True),
            transient=False,
        )
        self._display.start()
        self._task: Any = None

    def on_start(self, stage: str) -> None:
        """Add a row."""
        self._task = self._display.add_task(stage, total=None, detail="")

    def on_update(self, stage: str, fraction: float, detail: str) -> None:
        """Move the bar."""
        self._display.update(self._task, total=1.0, completed=fraction, detail=detail)

    def on_finish(self, stage: str, seconds: float, detail: str) -> None:
        """Fill the bar."""
        self._display.update(self._task, total=1.0, completed=1.0, detail=detail)

    def close(self) -> None:
        """Stop redrawing."""
        self._display.stop()


def choose_progress(*, quiet: bool) -> Progress:
    """Return the display that fits: none, live (rich where installed) on a terminal, lines elsewhere."""
    if quiet:
        return Progress()
    if not sys.stderr.isatty():
        return LineProgress()
    try:
        return RichProgress()
    except ImportError:
        return LiveProgress()
