"""BM25, and vectorizers that take texts piece by piece."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import (
    BM25Vectorizer,
    BPETokenizer,
    ChineseSegmenter,
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
    UnigramTokenizer,
    WordPieceTokenizer,
)
from minilm_unsup._exceptions import EmptyVocabularyError
from tests.reference import tfidf as naive

words = st.sampled_from(["sea", "ship", "a", "storm", "大", "海", "soup", "the"])
some_texts = st.lists(st.lists(words, max_size=6).map(" ".join), min_size=1, max_size=9)
KINDS = (CountVectorizer, TfidfVectorizer, BM25Vectorizer)


def same(X, Y):
    assert X.shape == Y.shape
    np.testing.assert_array_equal(X.indptr, Y.indptr)
    np.testing.assert_array_equal(X.indices, Y.indices)
    np.testing.assert_array_equal(X.data, Y.data)


def _fitted(fit):
    try:
        return fit()
    except ValueError as error:  # no term is left, or the limits exclude each other
        return str(error)


@given(
    some_texts,
    st.lists(st.integers(0, 9), max_size=3),
    st.sampled_from(KINDS),
    st.fixed_dictionaries(
        {},
        optional={
            "min_df": st.sampled_from([1, 2, 0.3]),
            "max_df": st.sampled_from([1.0, 0.8]),
            "max_features": st.integers(1, 4),
            "binary": st.booleans(),
            "ngram_range": st.sampled_from([(1, 1), (1, 2)]),
            "vocabulary": st.just(["ship", "sea", "moon"]),
        },
    ),
)
def test_partial_fit_in_any_pieces_is_fit(texts, cuts, kind, params):
    bounds = sorted({0, len(texts), *(min(cut, len(texts)) for cut in cuts)})
    piecewise = kind(**params)
    for start, stop in itertools.pairwise(bounds):
        assert piecewise.partial_fit(texts[start:stop]) is piecewise
    whole = _fitted(lambda: kind(**params).fit(texts))
    if isinstance(whole, str):
        assert _fitted(lambda: piecewise.transform(texts)) == whole
        return
    assert piecewise.vocabulary_ == whole.vocabulary_
    same(piecewise.transform(texts), whole.transform(texts))
    # and goes on, also when it was used or pickled in between
    pickle.loads(pickle.dumps(piecewise)).partial_fit(texts)
    piecewise.partial_fit(texts)
    twice = _fitted(lambda: kind(**params).fit(texts + texts))
    if not isinstance(twice, str):
        same(piecewise.transform(texts), twice.transform(texts))
        again = kind.from_state(piecewise.get_state())
        same(again.transform(texts), twice.transform(texts))


def test_partial_fit_after_fit_is_refused():
    for kind in KINDS:
        with pytest.raises(ValueError, match=f"use a new {kind.__name__}"):
            kind().fit(["a ship"]).partial_fit(["sea"])
        fitted = kind().partial_fit(["a ship"]).fit(["the sea"])
        assert list(fitted.vocabulary_) == ["sea", "the"]
    with pytest.raises(EmptyVocabularyError):
        CountVectorizer().partial_fit(["!"]).transform(["a"])
    assert HashingVectorizer().partial_fit(["a"]).transform(["a"]).nnz == 1


def test_memory_of_partial_fit_does_not_grow_with_the_texts():
    vectorizer = CountVectorizer()
    for _ in range(3):
        vectorizer.partial_fit(["a ship at sea"] * 1000)
    assert len(vectorizer._statistics.words) == 4
    assert vectorizer._statistics.n_texts == 3000


@given(some_texts, some_texts, st.floats(0, 3), st.floats(0, 1))
def test_bm25_is_its_formula(texts, others, k1, b):
    vectorizer = BM25Vectorizer(k1=k1, b=b, dtype=np.float64)
    whole = _fitted(lambda: vectorizer.fit(texts))
    if isinstance(whole, str):
        return
    terms, fitted = naive.counts([t.split() for t in texts])
    kept = set(terms)
    rows = [{t: n for t, n in row.items() if t in kept} for row in naive.counts([t.split() for t in others])[1]]
    if any("大" in t or "海" in t for t in texts + others):  # pairs of Han are counted too
        return
    expected = naive.bm25(terms, rows, fitted, k1=k1, b=b)
    X = vectorizer.transform(others).toarray()
    for row, want in zip(X, expected, strict=True):
        # one product and one quotient in another order
        np.testing.assert_allclose(row, [want.get(t, 0.0) for t in terms], rtol=1e-12, atol=0)
    same(vectorizer.weigh(vectorizer.transform_counts(others)), vectorizer.transform(others))
    assert (vectorizer.idf_ >= 0).all()


def test_bm25_ranks_the_rarer_word_and_the_shorter_text_first():
    texts = ["the ship", "the ship at the sea near the land", "the land", "the 船 在 海 上"]
    vectorizer = BM25Vectorizer()
    X = vectorizer.fit_transform(texts).toarray()
    assert vectorizer.mean_length_ == pytest.approx(sum(vectorizer.transform_counts(texts).toarray().sum(axis=1)) / 4)
    scores = vectorizer.transform_counts(["ship", "船"]).toarray() @ X.T
    assert scores[0].argsort()[::-1][:2].tolist() == [0, 1]
    assert scores[1].argmax() == 3
    for wrong in ({"k1": -1}, {"b": 2}, {"b": "x"}):
        with pytest.raises((ValueError, TypeError), match=next(iter(wrong))):
            BM25Vectorizer(**wrong).fit(texts)
    with pytest.raises(ValueError, match="dtype must be float32 or float64 for BM25Vectorizer"):
        BM25Vectorizer(dtype=np.int32).fit(texts)


@pytest.mark.parametrize("make", [BPETokenizer, WordPieceTokenizer, UnigramTokenizer, ChineseSegmenter])
def test_any_tokenizer_feeds_a_vectorizer(make):
    texts = ["the ship at the sea", "我们看大海", "大海上的船 the", ""] * 5
    tokenizer = make()
    if make is ChineseSegmenter:
        tokenizer.set_words({"大海": 9, "我们": 9, "船": 2})
    else:
        tokenizer.train(texts, 300)
    fast = CountVectorizer(tokenizer=tokenizer).fit(texts)
    plain = CountVectorizer(tokenizer=tokenizer.tokenize).fit(texts)
    assert fast.vocabulary_ == plain.vocabulary_
    same(fast.transform(texts), plain.transform(texts))
    same(
        CountVectorizer(tokenizer=tokenizer, ngram_range=(1, 2), stop_words=["the"]).fit_transform(texts),
        CountVectorizer(tokenizer=tokenizer.tokenize, ngram_range=(1, 2), stop_words=["the"]).fit_transform(texts),
    )


@given(some_texts, st.integers(1, 4), st.booleans())
def test_most_features_are_those_of_scikit_learn(texts, most, binary):
    sklearn = pytest.importorskip("sklearn.feature_extraction.text")
    ours = CountVectorizer(tokenizer=str.split, max_features=most, binary=binary)
    theirs = sklearn.CountVectorizer(
        tokenizer=str.split, token_pattern=None, lowercase=False, max_features=most, binary=binary
    )
    try:
        Y = theirs.fit_transform(texts)
    except ValueError:
        return
    X = ours.fit_transform(texts)
    assert sorted(X.toarray().sum(axis=0)) == sorted(Y.toarray().sum(axis=0))
