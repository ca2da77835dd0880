"""The record of documents that were dropped, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["RemovalReport"]

_MOST_EXAMPLES = 5
_EXAMPLE_LENGTH = 200


@dataclass
class RemovalReport:
    """Counts of dropped texts by reason, with examples.

    Attributes
    ----------
    n_in, n_out : int
        Texts given and kept.
    counts : dict of str to int
    examples : dict of str to list of str
        At most five a reason, cut to 200 characters.
    """

    n_in: int = 0
    n_out: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def from_reasons(cls, texts: Iterable[str], reasons: Iterable[str | None]) -> RemovalReport:
        """Build from one reason a text, None for those kept."""
        report = cls()
        for text, reason in zip(texts, reasons, strict=True):
            report.n_in += 1
            if reason is None:
                report.n_out += 1
                continue
            report.counts[reason] = report.counts.get(reason, 0) + 1
            kept = report.examples.setdefault(reason, [])
            if len(kept) < _MOST_EXAMPLES:
                kept.append(text if len(text) <= _EXAMPLE_LENGTH else text[: _EXAMPLE_LENGTH - 1] + "…")
        return report

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"n_in": self.n_in, "n_out": self.n_out, "counts": self.counts, "examples": self.examples}

    def __str__(self) -> str:
        """Return a histogram of the reasons, the most frequent first, with an example each."""
        lines = [f"{self.n_out:,} of {self.n_in:,} texts kept"]
        width = max(map(len, self.counts), default=0)
        for reason, count in sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0])):
            example = " ".join(self.examples[reason][0].split())
            shown = example if len(example) <= 60 else example[:59] + "…"
            lines.append(f"{reason:<{width}}  {count:>8,}  {count / self.n_in:6.1%}  {shown}")
        return "\n".join(lines)
