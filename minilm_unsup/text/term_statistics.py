"""What has been seen of the terms of a growing set of texts, and which of them are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._exceptions import EmptyVocabularyError
from .._native import load

__all__ = ["TermStatistics"]

_words = load("words")


class TermStatistics:
    """Terms of all texts so far, with the texts that hold each and its occurrences.

    Parameters
    ----------
    fixed : list of str, optional
        The only terms that are counted, by column.

    Attributes
    ----------
    n_texts : int
    n_rows, totals : ndarray (n_terms,) int64
        Texts that hold each term, in the order they were met, and its occurrences.
    """

    def __init__(self, fixed: list[str] | None = None) -> None:
        self.fixed = fixed is not None
        self.words = _words.Vocabulary(fixed or ())
        self.n_texts = 0
        self.n_rows, self.totals = np.zeros((2, len(self.words)), dtype=np.int64)

    def add(self, blocks: list[Any], n_texts: int) -> None:
        """Take in blocks of counts; their features get the numbers of the terms here."""
        for block in blocks:
            if self.fixed:
                self.words.index()
                block.look_up_in(self.words)
            else:
                block.merge_into(self.words)
        n_rows, totals = np.zeros((2, len(self.words)), dtype=np.int64)
        n_rows[: len(self.n_rows)], totals[: len(self.totals)] = self.n_rows, self.totals
        for block in blocks:
            block.add_frequencies(n_rows, totals)
        self.n_texts, self.n_rows, self.totals = self.n_texts + n_texts, n_rows, totals

    def choose(
        self, min_df: float, max_df: float, max_features: int | None, *, binary: bool
    ) -> tuple[Any, NDArray[np.int32]]:
        """Return the terms within the limits, by code point, and the column of each term here, -1 for none.

        Raises
        ------
        ValueError
            If no term is left, or the limits exclude each other.
        """
        words, n_texts, n_rows = self.words, self.n_texts, self.n_rows
        if self.fixed:
            return words, np.arange(len(words), dtype=np.int32)
        if len(words) == 0:
            raise EmptyVocabularyError(
                f"empty vocabulary: the {n_texts} texts hold no word that is counted; perhaps they are empty, only "
                f"punctuation, or only stop words (then use stop_words=None), or their words are shorter than the "
                f"tokenizer's min_length"
            )
        most = max_df * n_texts if isinstance(max_df, float) else max_df
        least = min_df * n_texts if isinstance(min_df, float) else min_df
        if most < least:
            raise ValueError(
                f"max_df={max_df} of {n_texts} texts is fewer documents than min_df={min_df}; raise max_df or lower "
                f"min_df"
            )
        ids = np.flatnonzero((n_rows >= least) & (n_rows <= most)).astype(np.int32)
        if len(ids) == 0:
            raise EmptyVocabularyError(
                f"after pruning no terms remain: none of {len(words)} terms occurs in at least {least:g} and at most "
                f"{most:g} of {n_texts} texts; lower min_df or raise max_df"
            )
        words.sort(ids)
        if max_features is not None and len(ids) > max_features:
            counted = n_rows if binary else self.totals
            ids = ids[np.sort(np.argsort(-counted[ids], kind="stable")[:max_features])]
        columns = np.full(len(words), -1, dtype=np.int32)
        columns[ids] = np.arange(len(ids), dtype=np.int32)
        return words.take(ids), columns
