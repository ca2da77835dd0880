"""Memory that a kernel takes is given back: the process does not grow while the same call is made again and again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minilm_unsup import (
    BM25Vectorizer,
    BPETokenizer,
    ChineseSegmenter,
    CountVectorizer,
    Deduplicator,
    HashingVectorizer,
    QualityFilter,
    TextCleaner,
    UnigramTokenizer,
    WordPieceTokenizer,
    WordTokenizer,
)

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")

TEXTS = [f"<p>The ship {i} sailed the sea, 我们去看大海 {i * 7919} ＡＢＣ</p> " * 40 for i in range(30)]  # 100 kB


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def calls():
    bpe = BPETokenizer().train(TEXTS, 300)
    wordpiece = WordPieceTokenizer().train(TEXTS, 300)
    unigram = UnigramTokenizer().train(TEXTS, 400)
    segmenter = ChineseSegmenter().set_words({"大海": 9, "我们": 9})
    words = WordTokenizer().train(TEXTS)
    pieces = CountVectorizer()
    return {
        "clean": lambda: TextCleaner(accents=True).transform(TEXTS),
        "offsets": lambda: [TextCleaner().clean(text, keep_offsets=True) for text in TEXTS[:5]],
        "quality": lambda: QualityFilter("long").filter(TEXTS),
        "exact": lambda: Deduplicator().filter(TEXTS),
        "near": lambda: Deduplicator("near").are_kept([TEXTS]),
        "count": lambda: CountVectorizer(ngram_range=(1, 2)).fit_transform(TEXTS),
        "partial_fit": lambda: pieces.partial_fit(TEXTS),
        "bm25": lambda: BM25Vectorizer().fit_transform(TEXTS),
        "hash": lambda: HashingVectorizer(n_features=999).transform(TEXTS),
        "words": lambda: words.encode_batch(TEXTS),
        "bpe": lambda: bpe.encode_batch(TEXTS),
        "train bpe": lambda: BPETokenizer().train(TEXTS, 300),
        "wordpiece": lambda: wordpiece.encode_batch(TEXTS),
        "train wordpiece": lambda: WordPieceTokenizer().train(TEXTS, 300),
        "unigram": lambda: unigram.encode_batch(TEXTS),
        "train unigram": lambda: UnigramTokenizer().train(TEXTS, 400),
        "segment": lambda: segmenter.encode_batch(TEXTS),
    }


NAMES = (
    "clean",
    "offsets",
    "quality",
    "exact",
    "near",
    "count",
    "partial_fit",
    "bm25",
    "hash",
    "words",
    "bpe",
    "train bpe",
    "wordpiece",
    "train wordpiece",
    "unigram",
    "train unigram",
    "segment",
)


def test_every_call_is_tried(calls):
    assert tuple(calls) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_memory_stays(calls, name):
    call = calls[name]
    for _ in range(20):
        call()
    grown = []
    for _ in range(3):
        before = _resident()
        for _ in range(60):
            call()
        grown.append(_resident() - before)
    # A buffer of a fifth of the texts leaked by each call would make a megabyte every time; the allocator may keep that
    # much once.
    assert min(grown) < 1_000_000
