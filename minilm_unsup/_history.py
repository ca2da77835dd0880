"""The record of a fit, alike for every estimator that iterates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["History"]


class History:
    """Values by name, one a step, and facts about the run.

    Attributes
    ----------
    values : dict of str to list of float
        For instance ``{"loss": [...], "val_loss": [...]}``, one value an epoch or sweep.
    info : dict
        Facts of the run, for instance the number of threads and the reason it stopped.
    """

    def __init__(self, values: dict[str, list[float]] | None = None, info: dict[str, Any] | None = None) -> None:
        self.values: dict[str, list[float]] = {} if values is None else values
        self.info: dict[str, Any] = {} if info is None else info

    def append(self, **values: float) -> None:
        """Add one value under each name."""
        for name, value in values.items():
            self.values.setdefault(name, []).append(float(value))

    def __getitem__(self, name: str) -> list[float]:
        return self.values[name]

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __len__(self) -> int:
        """Number of steps recorded."""
        return max(map(len, self.values.values()), default=0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self.values == other.values

    __hash__ = None  # type: ignore[assignment]

    def last(self) -> dict[str, float]:
        """Return the newest value of each name."""
        return {name: values[-1] for name, values in self.values.items() if values}

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dict for JSON."""
        return {"values": self.values, "info": self.info}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> History:
        """Build a history from what `to_dict` gave."""
        return cls({k: [float(v) for v in vs] for k, vs in state["values"].items()}, dict(state["info"]))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value:.6g}" for name, value in self.last().items())
        return f"History({len(self)} steps{': ' if shown else ''}{shown})"
