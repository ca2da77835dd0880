"""Edits of a text, and where each character of the edited text came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["Piece", "Sources", "apply_edits", "changed_runs"]

# (start, end, new): ``text[start:end]`` becomes ``new``. Pieces of one list rise and do not overlap.
Piece = tuple[int, int, str]


def apply_edits(text: str, edits: Iterable[Piece]) -> str:
    """Return `text` edited; the same object where there is nothing to edit."""
    out: list[str] = []
    copied = 0
    for start, end, new in edits:
        if start > copied:
            out.append(text[copied:start])
        if new:
            out.append(new)
        copied = end
    if not copied and not out:
        return text
    out.append(text[copied:])
    return "".join(out)


def changed_runs(before: str, after: str) -> list[Piece]:
    """Return the runs in which two texts of one length differ."""
    differ = np.concatenate(([False], _points(before) != _points(after), [False]))
    bounds = np.flatnonzero(differ[1:] != differ[:-1]).reshape(-1, 2).tolist()
    return [(start, end, after[start:end]) for start, end in bounds]


def _points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


class Sources:
    """For each character of a text that is edited, the characters of the first text that it stands for.

    Attributes
    ----------
    spans : ndarray (n, 2) int64
        Start and end; both rise. A run that an edit replaces by one of the same length is matched character by
        character; otherwise each new character stands for all of the run.
    """

    def __init__(self, length: int) -> None:
        at = np.arange(length + 1, dtype=np.int64)
        self.spans = np.stack((at[:-1], at[1:]), axis=1)

    def edit(self, edits: Iterable[Piece]) -> None:
        """Follow edits of the text as it now is."""
        parts: list[NDArray[np.int64]] = []
        copied, spans = 0, self.spans
        for start, end, new in edits:
            parts.append(spans[copied:start])
            if len(new) == end - start:
                parts.append(spans[start:end])
            elif new:
                parts.append(np.repeat(self._around(start, end), len(new), axis=0))
            copied = end
        if parts or copied:
            self.spans = np.concatenate((*parts, spans[copied:]))

    def _around(self, start: int, end: int) -> NDArray[np.int64]:
        if end > start:
            return np.array([[self.spans[start, 0], self.spans[end - 1, 1]]])
        place = self.spans[start, 0] if start < len(self.spans) else self.spans[-1, 1] if len(self.spans) else 0
        return np.array([[place, place]])

    def pieces(self, before: str, after: str) -> Iterator[Piece]:
        """Yield the edits that make `before`, the first text, `after`, the text as it now is."""
        start, end = self.spans[:, 0], self.spans[:, 1]
        kept = end - start == 1
        kept[kept] = _points(before)[start[kept]] == _points(after)[kept]
        kept[1:] &= start[1:] >= end[:-1]
        kept[:-1] &= start[1:] >= end[:-1]
        places = np.flatnonzero(kept)
        cut = np.flatnonzero((np.diff(places) != 1) | (np.diff(start[places]) != 1)) + 1
        i = at = 0
        for run in np.split(places, cut) if len(places) else ():
            first, last = int(run[0]), int(run[-1])
            if at < start[first] or i < first:
                yield at, int(start[first]), after[i:first]
            i, at = last + 1, int(end[last])
        if at < len(before) or i < len(after):
            yield at, len(before), after[i:]
