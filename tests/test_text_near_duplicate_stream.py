"""Duplicates of a corpus that comes piece by piece."""

from __future__ import annotations

import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import Deduplicator
from minilm_unsup._exceptions import StorageError
from minilm_unsup.text.near_duplicate_stream import NearDuplicateStream
from tests.test_text_near_duplicates import texts_alike


@given(
    st.lists(texts_alike, max_size=5),
    st.sampled_from(["exact", "near"]),
    st.sampled_from([0.3, 0.6, 1.0]),
    st.integers(1, 3),
    st.sampled_from(["first", "longest"]),
)
def test_pieces_are_judged_like_the_whole(pieces, method, threshold, size, keep):
    step = Deduplicator(method, threshold=threshold, shingle_size=size, keep=keep, n_hashes=32)
    every = [text for piece in pieces for text in piece]
    kept = step.are_kept(iter([[], *(part for piece in pieces for part in (piece, []))]))
    assert kept.dtype == np.bool_
    assert np.flatnonzero(kept).tolist() == step.filter(every)[1].tolist()


def test_groups_can_be_asked_for_and_more_added():
    stream = NearDuplicateStream(0.5, 1, 64)
    stream.add(["a ship at sea", "the storm"])
    assert stream.groups().tolist() == [0, 1]
    stream.add(["a ship at the sea", "我们去看海", "我们去看海吧"])
    assert stream.groups().tolist() == [0, 1, 0, 3, 3]
    stream.close()


def test_memory_does_not_grow_with_the_length_of_the_texts():
    """Forty times the text in as many documents: the corpus would take 40 MB and its shingles 60 more."""

    def peak(n_words):
        rng = np.random.default_rng(0)
        words = np.array([f"word{i}" for i in range(5000)])

        def pieces():
            for _ in range(20):
                yield [" ".join(words[rng.integers(0, 5000, n_words)]) for _ in range(10)]

        tracemalloc.start()
        kept = Deduplicator("near", n_hashes=32).are_kept(pieces())
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert kept.all()
        return used

    longest = peak(20_000)
    assert longest < 20e6  # one piece of 2 MB, its shingles and their working memory
    assert longest < 60 * peak(500)


def test_memory_by_the_document_is_what_is_said():
    """20,000 more documents of five words each."""

    def peak(n_pieces):
        rng = np.random.default_rng(1)
        words = np.array([f"w{i}" for i in range(50_000)])
        tracemalloc.start()
        Deduplicator("near", n_hashes=32).are_kept(
            [" ".join(row) for row in words[rng.integers(0, 50_000, (1000, 5))]] for _ in range(n_pieces)
        )
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert (peak(40) - peak(20)) / 20_000 < 100


def test_files_are_gone_whatever_happens(tmp_path):
    def broken():
        yield ["a ship", "a ship"]
        raise KeyboardInterrupt

    step = Deduplicator("near")
    with pytest.raises(KeyboardInterrupt):
        step.are_kept(broken(), directory=str(tmp_path))
    assert os.listdir(tmp_path) == []
    with pytest.raises(StorageError, match=r"cannot keep temporary files in .*missing: .*TMPDIR"):
        step.are_kept([["a"]], directory=str(tmp_path / "missing"))
    with pytest.raises(ValueError, match="use are_kept"):
        step.are_new(["a"], set())
    if os.path.exists("/dev/full"):
        stream = NearDuplicateStream(0.7, 1, 16)
        stream._shingles.close()
        stream._shingles = open("/dev/full", "r+b")  # noqa: SIM115
        stream.add(["a ship at sea"])
        with pytest.raises(StorageError, match="No space left on device"):
            stream.groups()  # where what was buffered is written
        stream.close()  # which would write it again
