"""Drop documents that say again what another has said."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .._estimator import Estimator
from .._native import load
from .._validation import check_choice, check_number, check_texts
from .removal import RemovalReport

__all__ = ["Deduplicator"]

_clean = load("clean")


class Deduplicator(Estimator):
    """Find texts that are equal, or nearly equal.

    ``"exact"``: equal but for case, width, accents of composition, spaces and punctuation: the letters and digits of
    the NFKC case-folded forms are the same. A text without letters and digits is only a duplicate of itself.

    ``"near"``: the sets of shingles have a Jaccard similarity of at least `threshold`. A shingle is `shingle_size`
    words that follow one another, a Han character being a word; a shorter text is one shingle, a text without words is
    only a duplicate of itself. Candidates are texts that agree in a band of their MinHash signatures (Broder 1997;
    Leskovec, Rajaraman and Ullman, section 3.4): of pairs at the threshold at least 99 % are found, see
    `bands_and_rows`, and the true similarity of each is computed. Pairs make groups, and a group keeps one text.

    Parameters
    ----------
    method : {"exact", "near"}
    threshold : float in (0, 1]
        Least Jaccard similarity of near-duplicates.
    shingle_size : int, at least 1
        Words of a shingle. Fewer find more in short texts: of two titles of eight words that differ in the last, a
        shingle size of 5 sees a similarity of 0.6, one of 2 sees 0.75.
    n_hashes : int, 1 to 4,096
        Length of a signature.
    keep : {"first", "longest"}
        Which text of a group stays; the first of equally long ones.

    Examples
    --------
    >>> Deduplicator().filter(["A ship.", "a  SHIP!", "天气，好", "天气好。"])[1]
    array([0, 2])
    >>> Deduplicator("near", shingle_size=2).filter(["我们今天去看海，天气很好", "我们今天去看海，天气真好", "船"])[1]
    array([0, 2])
    """

    def __init__(
        self,
        method: str = "exact",
        *,
        threshold: float = 0.7,
        shingle_size: int = 5,
        n_hashes: int = 128,
        keep: str = "first",
    ) -> None:
        self.method = method
        self.threshold = threshold
        self.shingle_size = shingle_size
        self.n_hashes = n_hashes
        self.keep = keep

    def _check(self) -> None:
        check_choice(self.method, "method", ("exact", "near"))
        check_choice(self.keep, "keep", ("first", "longest"))
        check_number(self.threshold, "threshold", low=0, low_open=True, high=1)
        check_number(self.shingle_size, "shingle_size", integer=True, low=1, high=1000)
        check_number(self.n_hashes, "n_hashes", integer=True, low=1, high=4096)

    def bands_and_rows(self) -> tuple[int, int]:
        """Return how the signature is cut: `candidate_probability` of the two is the chance that a pair is compared."""
        from .near_duplicates import bands_and_rows

        self._check()
        return bands_and_rows(self.threshold, self.n_hashes)

    def groups(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return for each text the position of the first text of its group, its own where it has no other."""
        self._check()
        texts = check_texts(texts)
        if self.method == "near":
            from .near_duplicates import near_duplicates

            return near_duplicates(
                texts, threshold=self.threshold, shingle_size=self.shingle_size, n_hashes=self.n_hashes
            )
        seen: dict[bytes, int] = {}
        return np.array([seen.setdefault(_key(text), i) for i, text in enumerate(texts)], dtype=np.int64)

    def first_occurrence(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return for each text the position of the text of its group that stays, its own where it has no other."""
        texts = check_texts(texts)
        return self._kept_of(self.groups(texts), np.array([len(text) for text in texts], dtype=np.int64))

    def _kept_of(self, groups: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        n = len(groups)
        if self.keep == "first" or n == 0:
            return groups
        order = np.lexsort((np.arange(n), -lengths, groups))  # by group, the longest first
        first = np.concatenate(([True], groups[order][1:] != groups[order][:-1]))
        kept = np.empty(n, dtype=np.int64)
        kept[order] = order[first][np.cumsum(first) - 1]
        return kept

    def are_kept(self, pieces: Iterable[Sequence[str]], *, directory: str | None = None) -> NDArray[np.bool_]:
        """Return for each text of a corpus larger than memory whether `filter` would keep it, shape (n_texts,).

        Parameters
        ----------
        pieces : iterable of sequences of str
            The corpus, some texts at a time; read once.
        directory : str, optional
            Where temporary files lie; None: the usual place (``TMPDIR``). For "near" they take 8 bytes for a word and
            8 for each band of a text, and memory some 90 bytes a text. "exact" takes no files, and memory 100 bytes a
            different text.

        Raises
        ------
        StorageError
            If the temporary files cannot be written.
        """
        self._check()
        groups, lengths = self._stream_groups(pieces, directory)
        return self._kept_of(groups, lengths) == np.arange(len(groups))

    def _stream_groups(
        self, pieces: Iterable[Sequence[str]], directory: str | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        lengths, positions, n = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], 0
        if self.method == "exact":
            seen: dict[bytes, int] = {}
            for piece in pieces:
                texts = check_texts(piece)
                lengths.append(np.array([len(text) for text in texts], dtype=np.int64))
                first = [seen.setdefault(_key(text), i) for i, text in enumerate(texts, n)]
                positions.append(np.array(first, dtype=np.int64))
                n += len(texts)
            return np.concatenate(positions), np.concatenate(lengths)
        from .near_duplicate_stream import NearDuplicateStream

        stream = NearDuplicateStream(self.threshold, self.shingle_size, self.n_hashes, directory)
        try:
            for piece in pieces:
                texts = check_texts(piece)
                lengths.append(np.array([len(text) for text in texts], dtype=np.int64))
                stream.add(texts)
            return stream.groups(), np.concatenate(lengths)
        finally:
            stream.close()

    def are_new(self, texts: Sequence[str], seen: set[bytes]) -> list[bool]:
        """Return for each text whether none before it, in this or an earlier call with the same `seen`, equals it.

        For corpora larger than memory, which are read block by block: `seen` takes a key of 16 bytes for each
        different text. Only for ``"exact"``.

        Raises
        ------
        ValueError
            For ``"near"``, which compares each text with all: use `are_kept`.
        """
        self._check()
        if self.method != "exact":
            raise ValueError("method must be 'exact' for are_new; near-duplicates need all texts: use are_kept")
        new = []
        for text in check_texts(texts):
            n, key = len(seen), _key(text)
            seen.add(key)
            new.append(len(seen) > n)
        return new

    def filter(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64], RemovalReport]:
        """Return the texts without duplicates, their positions (int64), and the record of the others."""
        texts = check_texts(texts)
        own = self.first_occurrence(texts) == np.arange(len(texts))
        kept = np.flatnonzero(own).astype(np.int64)
        reason = "duplicate" if self.method == "exact" else "near duplicate"
        return [texts[i] for i in kept], kept, RemovalReport.from_reasons(texts, [None if o else reason for o in own])


def _key(text: str) -> bytes:
    """128 bits that equal texts share; two different ones share them with a chance of 2**-128."""
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    letters = _clean.alphanumeric(folded)
    content = letters if letters else "\0" + text
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()
