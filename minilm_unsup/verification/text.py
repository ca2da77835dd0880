"""Cleaning, tokenisers and vectorizers."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter

import numpy as np

from ..text import (
    BPETokenizer,
    CountVectorizer,
    Deduplicator,
    PIIScrubber,
    TextCleaner,
    UnigramTokenizer,
    WordPieceTokenizer,
    WordTokenizer,
)
from .law import Law
from .training import on_threads

__all__ = ["LAWS"]

# Where rules meet: scripts, marks, spaces, markup, addresses, numbers, emoji, what is not seen.
_PIECES = (
    *"abcABC é ß  \n\t019.,!'-_<>&@/ 中文猫狗，。ＡＢ１　한글かなΣςİ\u0301\u200b\ufeff🙂",
    "<b>",
    "&amp;",
    "http://a.b/c",
    "a@b.com",
    "the ",
    "中国人",
    "13800138000",
)


def _draw(rng: np.random.Generator, most: int = 40) -> str:
    return "".join(_PIECES[i] for i in rng.integers(len(_PIECES), size=int(rng.integers(most))))


def _texts(rng: np.random.Generator, n: int = 12) -> list[str]:
    return [_draw(rng) for _ in range(n)]


def _clean(rng: np.random.Generator) -> float:
    wrong = 0
    for profile in ("topics", "lm", "sentiment", "search"):
        cleaner = TextCleaner(profile)
        for text in _texts(rng):
            once, offsets = cleaner.clean(text, keep_offsets=True)
            wrong += cleaner.clean(once) != once
            wrong += not unicodedata.is_normalized("NFC", once)
            wrong += bool(len(offsets)) and not 0 <= offsets.min() <= offsets.max() <= len(text)
    return wrong


def _round_trip(rng: np.random.Generator) -> float:
    corpus, wrong = _texts(rng, 20), 0
    for tokenizer in (BPETokenizer().train(corpus, 320, 1), UnigramTokenizer(prefix_space="never").train(corpus, 400)):
        for text in (*corpus, *_texts(rng)):
            wrong += tokenizer.decode(tokenizer.encode(text).ids) != text
    return wrong


def _spans(rng: np.random.Generator) -> float:
    corpus, wrong = _texts(rng, 20), 0
    tokenizers = (
        BPETokenizer(pattern="gpt2").train(corpus, 300, 1),
        WordPieceTokenizer().train(corpus, 300, 1),
        WordTokenizer().train([*corpus, "a"]),
    )
    for tokenizer in tokenizers:
        for text in corpus:
            encoding = tokenizer.encode(text)
            spans = encoding.offsets
            wrong += len(spans) != len(encoding.ids)
            wrong += bool(len(spans)) and not (spans.min() >= 0 and spans.max() <= len(text))
            wrong += bool((spans[:, 0] > spans[:, 1]).any())
    return wrong


def _merges(rng: np.random.Generator) -> float:
    """The first merge is the most frequent pair of neighbours."""
    words = ["".join(rng.choice(list("abc"), int(rng.integers(2, 9)))) for _ in range(30)]
    first = BPETokenizer(pattern="none").train(words, 257, 1).merges_[:1]
    pairs: Counter[tuple[str, str]] = Counter()
    for word in words:
        pairs.update(itertools.pairwise(word))
    most = max(pairs.values())
    return float(not first or pairs[first[0]] != most)


def _counts(rng: np.random.Generator) -> float:
    texts = [*_texts(rng), "a b"]
    vectorizer = CountVectorizer(tokenizer=WordTokenizer(rule="runs"))
    X = vectorizer.fit_transform(texts).toarray()
    terms = vectorizer.get_feature_names_out().tolist()
    wrong = 0
    for text, row in zip(texts, X, strict=True):
        expected = Counter(re.findall(r"\w+", text.lower()))
        wrong += {t: int(c) for t, c in zip(terms, row, strict=True) if c} != dict(expected)
    return wrong


def _alike(rng: np.random.Generator) -> float:
    words = [f"w{i}" for i in rng.integers(1000, size=60)]
    changed = list(words)
    changed[30] = "other"
    texts = [" ".join(words), " ".join(changed), " ".join(f"v{i}" for i in rng.integers(1000, size=60))]
    return float(Deduplicator("near", threshold=0.5).first_occurrence(texts).tolist() != [0, 0, 2])


def _digits(rng: np.random.Generator) -> float:
    """A number counts as a card where its check digit is right, and there alone (Luhn)."""
    body = [4, *rng.integers(0, 10, 14).tolist()]
    doubled = [d * 2 - 9 * (d > 4) if i % 2 == 0 else d for i, d in enumerate(body)]
    check = -sum(doubled) % 10
    scrubber, wrong = PIIScrubber(kinds=["credit_card"]), 0
    for digit in range(10):
        number = "".join(map(str, [*body, digit]))
        wrong += bool(scrubber.find(f"pay {number} now")) != (digit == check)
    return wrong


def _threads(rng: np.random.Generator) -> float:
    texts = _texts(rng, 3000)

    def result() -> bytes:
        tokenizer = BPETokenizer().train(texts, 300)
        ids = np.concatenate([encoding.ids for encoding in tokenizer.encode_batch(texts)])
        return ids.tobytes() + CountVectorizer().fit_transform(texts).indices.tobytes()

    return on_threads(result)


LAWS = [
    Law("text", "cleaning twice is cleaning once, in normal form, offsets within the text", _clean, 0),
    Law("text", "decode(encode(x)) is x", _round_trip, 0, draws=3),
    Law("text", "offsets lie within the text", _spans, 0, draws=3),
    Law("text", "the first merge is the most frequent pair", _merges, 0, draws=20),
    Law("text", "counts are those of a dictionary", _counts, 0),
    Law("text", "near-duplicates are found, others are not", _alike, 0),
    Law("text", "a check digit decides on a card", _digits, 0),
    Law("text", "1, 2 and 3 threads give the same bits", _threads, 0, draws=1),
]
