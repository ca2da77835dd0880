"""Near-duplicates of a corpus that does not fit into memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from .._exceptions import StorageError
from .near_duplicates import band_keys, bands_and_rows, joined, signatures_of

__all__ = ["NearDuplicateStream"]


class NearDuplicateStream:
    """Texts taken in piece by piece; their groups are those of `near_duplicates` for all of them.

    What is compared lies in two temporary files, which are gone when the stream is closed: the shingles (8 bytes for
    each different one of a text) and a key for each band of each text. Memory grows by some 90 bytes a text, whatever
    its length, beyond one piece.

    Parameters
    ----------
    threshold, shingle_size, n_hashes
        As in `Deduplicator`.
    directory : str, optional
        Where the files lie; None: the usual place for temporary files (``TMPDIR``).
    """

    def __init__(self, threshold: float, shingle_size: int, n_hashes: int, directory: str | None = None) -> None:
        self.threshold, self.shingle_size, self.directory = threshold, shingle_size, directory
        self.bands, self.rows = bands_and_rows(threshold, n_hashes)
        self._pieces: list[tuple[int, int]] = []  # texts of each piece, and where its keys begin
        self._bounds: list[NDArray[np.int64]] = [np.zeros(1, dtype=np.int64)]
        self._shingles, self._keys = self._open(), self._open()

    def add(self, texts: list[str]) -> None:
        """Take in more texts.

        Raises
        ------
        StorageError
            If the temporary files cannot be written.
        """
        if not texts:
            return
        signatures, shingles, bounds = signatures_of(texts, self.shingle_size, self.bands * self.rows)
        try:
            self._pieces.append((len(texts), self._keys.tell()))
            self._keys.write(band_keys(signatures, self.bands).tobytes())
            self._shingles.write(shingles.tobytes())
        except OSError as error:
            raise self._failure(error) from error
        self._bounds.append(self._bounds[-1][-1] + bounds[1:])

    def groups(self) -> NDArray[np.int64]:
        """Return for each text the position of the first text of its group, its own where it has no other."""
        bounds = np.concatenate(self._bounds)
        self._bounds = [bounds]
        try:
            self._keys.flush()
            self._shingles.flush()
            shingles = (
                np.memmap(self._shingles, dtype=np.uint64, mode="r") if bounds[-1] else np.empty(0, dtype=np.uint64)
            )
            return joined(self._band_after_band(len(bounds) - 1), shingles, bounds, self.threshold)
        except OSError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Remove the temporary files; what is still to be written to them is not missed."""
        for file in (self._shingles, self._keys):
            with contextlib.suppress(OSError):
                file.close()

    def _band_after_band(self, n: int) -> Iterator[NDArray[np.uint64]]:
        end = self._keys.tell()
        for band in range(self.bands):
            keys = np.empty(n, dtype=np.uint64)
            at = 0
            for size, place in self._pieces:
                self._keys.seek(place + 8 * band * size)
                keys[at : at + size] = np.frombuffer(self._keys.read(8 * size), dtype=np.uint64)
                at += size
            yield keys
        self._keys.seek(end)

    def _open(self) -> BinaryIO:
        try:
            return tempfile.TemporaryFile(dir=self.directory)
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> StorageError:
        place = self.directory or tempfile.gettempdir()
        return StorageError(
            f"cannot keep temporary files in {os.fspath(place)}: {error.strerror or error}; name a place with more "
            f"room (the environment variable TMPDIR)"
        )
