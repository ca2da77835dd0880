"""What a tokenizer gives for one text."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoding", "check_ids"]


class Encoding:
    """Token ids of one text and where each token stands in it.

    Attributes
    ----------
    ids : ndarray of shape (n_tokens,), int32
        Numbers of the tokens in the tokenizer's vocabulary.
    offsets : ndarray of shape (n_tokens, 2), int64
        Start and end of each token in characters of the text: ``text[start:end]``; ``(0, 0)`` of tokens that a template
        added.
    type_ids : ndarray of shape (n_tokens,), int32
        What the template says of each token: of two texts, which one it is of. 0 without a template.
    """

    __slots__ = ("_type_ids", "ids", "offsets")

    # Not a dataclass: a frozen one takes as long to make as a short text takes to encode.
    def __init__(
        self, ids: NDArray[np.int32], offsets: NDArray[np.int64], type_ids: NDArray[np.int32] | None = None
    ) -> None:
        self.ids = ids
        self.offsets = offsets
        self._type_ids = type_ids

    @property
    def type_ids(self) -> NDArray[np.int32]:
        """See the class."""
        return np.zeros(len(self.ids), dtype=np.int32) if self._type_ids is None else self._type_ids

    def __repr__(self) -> str:
        return f"Encoding(ids={self.ids!r}, offsets={self.offsets!r})"

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Encoding):
            return NotImplemented
        return (
            np.array_equal(self.ids, other.ids)
            and np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.type_ids, other.type_ids)
        )

    __hash__ = None  # type: ignore[assignment]


def check_ids(ids: Iterable[int]) -> NDArray:
    """Return token ids as an array of one axis.

    Raises
    ------
    TypeError
        If they are no whole numbers, or not one after another.
    """
    numbers = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids))
    if numbers.ndim != 1 or (len(numbers) and numbers.dtype.kind not in "iu"):
        raise TypeError("ids must be a sequence of whole numbers")
    return numbers
