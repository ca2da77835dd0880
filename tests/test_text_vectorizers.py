"""Counts and TF-IDF: equal to the formulas and to scikit-learn, on any number of threads, saved and loaded."""

from __future__ import annotations

import gzip
import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup._exceptions import NotFittedError, StorageError
from minilm_unsup._parallel import set_num_threads
from minilm_unsup.text import (
    BPETokenizer,
    ChineseSegmenter,
    CountVectorizer,
    TfidfVectorizer,
    UnigramTokenizer,
    WordPieceTokenizer,
    WordTokenizer,
    counting,
)
from minilm_unsup.text.stop_words import stop_words_of

from .reference import tfidf as reference
from .test_text_words import texts, tokenizers

# Few letters, so that words meet again; spaces, so that there are words.
small_texts = st.text(st.sampled_from("aab bc  é我的我们Σ\u0301.'1"), max_size=40)
corpora = st.lists(st.one_of(small_texts, texts), min_size=1, max_size=7)
SKLEARN = {"rule": "runs", "min_length": 2}


def as_rows(X, terms):
    """One dictionary term -> value a row, and the check that columns rise."""
    rows = []
    for i in range(X.shape[0]):
        a, b = X.indptr[i], X.indptr[i + 1]
        assert (np.diff(X.indices[a:b]) > 0).all()
        rows.append({terms[c]: v for c, v in zip(X.indices[a:b].tolist(), X.data[a:b].tolist(), strict=True)})
    assert (X.indices.dtype, X.indptr.dtype, X.shape[1]) == (np.int32, np.int64, len(terms))
    return rows


def same(X, Y):
    for name in ("data", "indices", "indptr"):
        a, b = getattr(X, name), getattr(Y, name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert X.shape == Y.shape


@st.composite
def settings_of_counts(draw):
    low = draw(st.integers(1, 3))
    return {
        "ngram_range": (low, draw(st.integers(low, 3))),
        "min_df": draw(st.sampled_from([1, 2, 0.0, 0.3])),
        "max_df": draw(st.sampled_from([1.0, 0.8, 4])),
        "max_features": draw(st.sampled_from([None, 1, 3])),
        "stop_words": draw(st.sampled_from([None, ["a", "我", "我们"]])),
        "binary": draw(st.booleans()),
    }


@pytest.mark.kernel
@given(
    corpora, tokenizers(), settings_of_counts(), st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.int8])
)
def test_counts_equal_the_twin(corpus, tokenizer, options, dtype):
    lists = [tokenizer.tokenize(text) for text in corpus]
    wanted = {**options, "stop_words": options["stop_words"] or ()}
    vectorizer = CountVectorizer(tokenizer=tokenizer, dtype=dtype, **options)
    by_string = CountVectorizer(tokenizer=tokenizer.tokenize, dtype=dtype, **options)
    n = len(corpus)
    least, most = ((v * n if isinstance(v, float) else v) for v in (options["min_df"], options["max_df"]))
    terms, rows = reference.counts(lists, **wanted)
    if not terms or most < least:
        for one in (vectorizer, by_string):
            with pytest.raises(ValueError, match=r"empty vocabulary|no terms remain|fewer documents than min_df"):
                one.fit(corpus)
        return
    X = vectorizer.fit_transform(corpus)
    assert X.dtype == dtype
    assert vectorizer.get_feature_names_out().tolist() == terms
    assert vectorizer.vocabulary_ == {t: i for i, t in enumerate(terms)}
    assert as_rows(X, terms) == rows
    same(by_string.fit_transform(corpus), X)
    same(vectorizer.transform(corpus), X)
    same(vectorizer.fit(corpus).transform(corpus), X)
    same(CountVectorizer.from_state(vectorizer.get_state()).transform(corpus), X)
    # A fixed vocabulary, given backwards, gives the same columns backwards.
    fixed = CountVectorizer(
        tokenizer=tokenizer,
        vocabulary=terms[::-1],
        **{k: v for k, v in options.items() if k in ("ngram_range", "stop_words", "binary")},
    )
    np.testing.assert_array_equal(fixed.transform(corpus).toarray()[:, ::-1], X.toarray())
    same(fixed.fit_transform(corpus), fixed.transform(corpus))
    if options["ngram_range"] == (1, 1) and not options["stop_words"] and not options["binary"] and dtype != np.int8:
        everything = CountVectorizer(tokenizer=tokenizer, dtype=dtype).fit_transform(corpus)
        assert everything.sum(axis=1).tolist() == [len(tokens) for tokens in lists]


@given(
    corpora,
    st.sampled_from(["l1", "l2", None]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([np.float32, np.float64]),
)
def test_tfidf_equals_the_formula(corpus, norm, use_idf, smooth_idf, sublinear_tf, binary, dtype):
    tokenizer = WordTokenizer()
    lists = [tokenizer.tokenize(text) for text in corpus]
    terms, rows = reference.counts(lists, binary=binary)
    if not terms:
        return
    weights = {"norm": norm, "use_idf": use_idf, "smooth_idf": smooth_idf, "sublinear_tf": sublinear_tf}
    vectorizer = TfidfVectorizer(dtype=dtype, binary=binary, **weights)
    X = vectorizer.fit_transform(corpus)
    assert X.dtype == vectorizer.idf_.dtype == dtype
    # A handful of roundings a value: division, logarithm, product, norm.
    tolerance = 8 * np.finfo(dtype).eps
    for ours, twin in zip(as_rows(X, terms), reference.tfidf(terms, rows, **weights), strict=True):
        assert ours.keys() == twin.keys()
        np.testing.assert_allclose(list(ours.values()), [twin[t] for t in ours], rtol=tolerance)
    same(vectorizer.transform(corpus), X)
    counts = vectorizer.transform_counts(corpus)
    before = counts.copy()
    same(vectorizer.weigh(counts), X)
    same(counts, before)
    same(vectorizer.weigh(vectorizer.fit_counts(corpus)), X)
    state = vectorizer.get_state()
    json.dumps({k: v for k, v in state.items() if not isinstance(v, np.ndarray)})
    same(TfidfVectorizer.from_state(state).transform(corpus), X)
    same(pickle.loads(pickle.dumps(vectorizer)).transform(corpus), X)


@given(corpora, settings_of_counts(), st.booleans(), st.sampled_from(["l1", "l2", None]))
def test_equal_to_scikit_learn(corpus, options, sublinear_tf, norm):
    peers = pytest.importorskip("sklearn.feature_extraction.text")
    # scikit-learn breaks ties of max_features by an unstable sort: not to be compared with.
    options["max_features"] = None
    ours = TfidfVectorizer(
        tokenizer=WordTokenizer(**SKLEARN), dtype=np.float64, norm=norm, sublinear_tf=sublinear_tf, **options
    )
    peer = peers.TfidfVectorizer(norm=norm, sublinear_tf=sublinear_tf, **options)
    try:
        wanted = peer.fit_transform(corpus)
    except ValueError:
        with pytest.raises(ValueError, match=r"empty vocabulary|no terms remain|fewer documents than min_df"):
            ours.fit(corpus)
        return
    wanted.sort_indices()
    X = ours.fit_transform(corpus)
    assert ours.get_feature_names_out().tolist() == peer.get_feature_names_out().tolist()
    np.testing.assert_array_equal(X.indptr, wanted.indptr)
    np.testing.assert_array_equal(X.indices, wanted.indices)
    np.testing.assert_allclose(X.data, wanted.data, rtol=1e-12)
    np.testing.assert_allclose(ours.idf_, peer.idf_, rtol=1e-12)


@given(corpora, st.randoms(use_true_random=False))
def test_permuted_texts_permute_rows(corpus, random):
    order = list(range(len(corpus)))
    random.shuffle(order)
    if not any(WordTokenizer().tokenize(text) for text in corpus):
        return
    X = CountVectorizer(ngram_range=(1, 2)).fit_transform(corpus)
    same(CountVectorizer(ngram_range=(1, 2)).fit_transform([corpus[i] for i in order]), X[np.array(order)])


@pytest.mark.parametrize("name", ["20news/20news_body.tsv.gz", "thucnews/thucnews.tsv.gz"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_real_text_equals_scikit_learn(data_dir, name, dtype):
    peers = pytest.importorskip("sklearn.feature_extraction.text")
    with gzip.open(data_dir / name, "rt", encoding="utf-8", newline="\n") as file:
        corpus = [line.rstrip("\n").split("\t")[2] for line in file][::3]
    options = {"ngram_range": (1, 2), "min_df": 2, "max_df": 0.5, "sublinear_tf": True, "dtype": dtype}
    ours = TfidfVectorizer(tokenizer=WordTokenizer(**SKLEARN), **options)
    X, peer = ours.fit_transform(corpus), peers.TfidfVectorizer(**options)
    wanted = peer.fit_transform(corpus)
    wanted.sort_indices()
    assert ours.get_feature_names_out().tolist() == peer.get_feature_names_out().tolist()
    np.testing.assert_array_equal(X.indptr, wanted.indptr)
    np.testing.assert_array_equal(X.indices, wanted.indices)
    # float32: scikit-learn rounds after each of tf, idf, product and norm.
    np.testing.assert_allclose(X.data, wanted.data, rtol=1e-12 if dtype == np.float64 else 2e-6)


def words_of_random_text(n, seed=0):
    rng = np.random.default_rng(seed)
    vocabulary = [f"w{i}" for i in range(500)] + list("我们中国人民") + ["don't", "a-very-long-hyphenated", "x" * 40]
    return [" ".join(rng.choice(vocabulary, rng.integers(0, 30))) for _ in range(n)]


def test_same_bits_on_any_number_of_threads_and_blocks(monkeypatch):
    corpus = words_of_random_text(2500)
    results = []
    try:
        for n_threads, block in ((1, 1024), (2, 1024), (2, 7), (1, 100_000)):
            set_num_threads(n_threads)
            monkeypatch.setattr(counting, "TEXTS_PER_BLOCK", block)
            vectorizer = TfidfVectorizer(ngram_range=(1, 2), max_features=3000, sublinear_tf=True)
            results.append((vectorizer.fit_transform(corpus), vectorizer.get_feature_names_out().tolist()))
    finally:
        set_num_threads(None)
    for X, names in results[1:]:
        same(X, results[0][0])
        assert names == results[0][1]


def test_many_terms_with_long_common_beginnings_are_sorted():
    # The sort looks at eight bytes at a time: groups that differ late, end early, or hold one another.
    rng = np.random.default_rng(1)
    words = {"p" * rng.integers(1, 60) + "".join(rng.choice(list("abé我𠀀"), rng.integers(0, 6))) for _ in range(4000)}
    words |= {"q" * n for n in range(1, 300)} | {"r" * 5000 + str(n) for n in range(40)}
    vectorizer = CountVectorizer(tokenizer=str.split).fit([" ".join(sorted(words, key=hash))])
    assert vectorizer.get_feature_names_out().tolist() == sorted(words)
    odd = ["a", "a\0", "a\0\0", "", "ab", "\ud800", "\udfff", "\ue000", "𐀀", "b" * 8, "b" * 8 + "\0", "b" * 9] * 3
    odd_vectorizer = CountVectorizer(tokenizer=lambda text: odd).fit(["x"])
    assert odd_vectorizer.get_feature_names_out().tolist() == sorted(set(odd))
    assert set(odd_vectorizer.transform(["x"]).data.tolist()) == {3.0}


def test_ties_of_max_features_go_by_code_point():
    vectorizer = CountVectorizer(max_features=2).fit(["d c b a", "d"])
    assert vectorizer.get_feature_names_out().tolist() == ["a", "d"]


@pytest.mark.parametrize("language", ["auto", "english", "chinese"])
def test_stop_words(language):
    corpus = ["the cat and the dog are not here", "因为 天气 所以 不 我们"]
    names = CountVectorizer(stop_words=language).fit(corpus).vocabulary_
    assert {"cat", "dog", "not", "天气", "不"} <= set(names)
    assert ("the" in names) == (language == "chinese")
    assert ("我们" in names) == (language == "english")
    listed = stop_words_of(language)
    assert len(set(listed)) == len(listed)
    if language != "chinese":  # each English stop word is a token as the tokenizer cuts it
        assert all(WordTokenizer().tokenize(word) == [word] for word in stop_words_of("english"))


@pytest.mark.parametrize(
    "options, texts, error, message",
    [
        ({}, "one text", TypeError, "wrap it"),
        ({}, ["a", 3], TypeError, r"texts\[1\] must be a string, got int"),
        ({}, [], ValueError, "empty vocabulary: the 0 texts"),
        ({}, ["", "...", "😀"], ValueError, "empty vocabulary"),
        ({"stop_words": "auto"}, ["the of", "我们"], ValueError, "only stop words .then use stop_words=None"),
        ({"min_df": 2}, ["a", "b"], ValueError, "lower min_df or raise max_df"),
        ({"min_df": 0}, ["a"], ValueError, "min_df must be at least 1"),
        ({"min_df": 1.5}, ["a"], ValueError, "min_df .a share of the documents. must be at least 0 and at most 1"),
        ({"max_df": -0.1}, ["a"], ValueError, "max_df"),
        ({"max_df": "1"}, ["a"], TypeError, "max_df"),
        ({"min_df": float("nan")}, ["a"], ValueError, "min_df"),
        ({"min_df": 3, "max_df": 2}, ["a"], ValueError, "raise max_df or lower min_df"),
        ({"max_features": 0}, ["a"], ValueError, "max_features must be at least 1"),
        ({"stop_words": "klingon"}, ["a"], ValueError, "stop_words must be one of 'auto', 'english', 'chinese'"),
        ({"stop_words": [1]}, ["a"], TypeError, r"stop_words\[0\]"),
        ({"ngram_range": (2, 1)}, ["a"], ValueError, "must not fall"),
        ({"ngram_range": 2}, ["a"], ValueError, "two whole numbers"),
        ({"ngram_range": (0, 1)}, ["a"], ValueError, r"ngram_range\[0\] must be at least 1"),
        ({"vocabulary": ["a", "a"]}, ["a"], ValueError, "'a' occurs twice"),
        ({"vocabulary": {"a": 1}}, ["a"], ValueError, "without gaps"),
        ({"vocabulary": []}, ["a"], ValueError, "at least 1 texts"),
        ({"vocabulary": "abc"}, ["a"], TypeError, "vocabulary must be an iterable"),
        ({"dtype": "complex64"}, ["a"], ValueError, "dtype must be"),
        ({"dtype": "nonsense"}, ["a"], TypeError, "dtype must be"),
        ({"binary": 1}, ["a"], TypeError, "binary must be True or False"),
        ({"tokenizer": 3}, ["a"], TypeError, "tokenizer must be None"),
        ({"tokenizer": lambda text: text}, ["a"], TypeError, "must return a list of strings, it returned a str"),
        ({"tokenizer": lambda text: [b"a"]}, ["a"], TypeError, "it returned a bytes in it"),
    ],
)
def test_wrong_input_is_named(options, texts, error, message):
    with pytest.raises(error, match=message):
        CountVectorizer(**options).fit(texts)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"norm": "l3"}, "norm must be 'l1', 'l2' or None"),
        ({"dtype": np.int64}, "float32 or float64"),
    ],
)
def test_wrong_weights_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        TfidfVectorizer(**options).fit(["a"])


def test_before_fit_and_wrong_counts():
    for vectorizer in (CountVectorizer(), TfidfVectorizer(), TfidfVectorizer(vocabulary=["a"])):
        for call in (
            lambda v: v.transform(["a"]),
            lambda v: v.get_feature_names_out(),
            lambda v: v.vocabulary_,
            lambda v: v.get_state(),
        ):
            with pytest.raises(NotFittedError):
                call(vectorizer)
    fitted = TfidfVectorizer().fit(["a b", "c"])
    with pytest.raises(ValueError, match="counts has 1 features, but TfidfVectorizer is expecting 3"):
        fitted.weigh(np.ones((2, 1)))
    with pytest.raises(ValueError, match="must not be negative"):
        fitted.weigh(-np.ones((2, 3)))
    with pytest.raises(TypeError, match="cannot be saved"):
        CountVectorizer(tokenizer=str.split).fit(["a"]).get_state()
    state = fitted.get_state()
    for change, message in (
        ({"class": "CountVectorizer"}, "is of a 'CountVectorizer'"),
        ({"idf": np.ones(2)}, "2,. weights for 3 terms"),
        ({"term_starts": np.array([0, 9])}, "do not fit"),
        ({"terms": np.full(3, 0xFF, dtype=np.uint8)}, "not UTF-8"),
    ):
        with pytest.raises(ValueError, match=message):
            TfidfVectorizer.from_state({**state, **change})


@pytest.mark.parametrize("kind", [BPETokenizer, WordPieceTokenizer, UnigramTokenizer, ChineseSegmenter])
def test_a_vectorizer_is_saved_with_any_tokenizer_of_the_library(kind):
    texts = ["the ships at sea, the ships", "研究生命起源，研究生命", "ships 研究"] * 3
    tokenizer = kind().train(texts, 2) if kind is ChineseSegmenter else kind().train(texts, 320)
    for vectorizer in (TfidfVectorizer(tokenizer=tokenizer), CountVectorizer(tokenizer=tokenizer, ngram_range=(1, 2))):
        X = vectorizer.fit_transform(texts)
        state = vectorizer.get_state()
        json.dumps(state["params"])
        Y = type(vectorizer).from_state(state).transform(texts)
        assert (X.indices == Y.indices).all()
        assert (X.data == Y.data).all()
    state["params"]["tokenizer"]["json"] = "{"
    with pytest.raises(StorageError, match="damaged"):
        CountVectorizer.from_state(state)


def test_a_failed_fit_leaves_the_old_one():
    vectorizer = TfidfVectorizer().fit(["a b"])
    with pytest.raises(ValueError):
        vectorizer.fit(["..."])
    assert vectorizer.get_feature_names_out().tolist() == ["a", "b"]


def test_parameters_and_clone():
    base = pytest.importorskip("sklearn.base")
    vectorizer = TfidfVectorizer(tokenizer=WordTokenizer(han="chars"), min_df=2, stop_words=["a"])
    again = base.clone(vectorizer)
    assert repr(again) == repr(vectorizer)
    assert again.set_params(tokenizer__han="runs").tokenizer.tokenize("我们") == ["我们"]
