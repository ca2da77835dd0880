from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import HashingVectorizer, WordTokenizer, set_num_threads
from minilm_unsup._native import load
from tests.reference.murmurhash3 import murmurhash3

_words = load("words")
texts_mixed = st.lists(
    st.lists(st.sampled_from(["ship", "sea", "Storm", "a", "海", "船上", "!", "x1", "é"]), max_size=9).map(" ".join),
    max_size=8,
)


@pytest.mark.kernel
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=9), unique=True, max_size=6), st.integers(0, 2**32 - 1))
def test_hash_of_the_bytes(words, seed):
    found = _words.Vocabulary(words).murmurhash3(seed)
    assert found.tolist() == [murmurhash3(word.encode(), seed) for word in words]


def test_published_hashes():
    known = {"": 0, "hello": 0x248BFA47, "The quick brown fox jumps over the lazy dog": 0x2E4FF723}
    assert [h % 2**32 for h in _words.Vocabulary(list(known)).murmurhash3(0).tolist()] == list(known.values())


@given(
    texts_mixed, st.booleans(), st.booleans(), st.sampled_from(["l1", "l2", None]), st.sampled_from([1, 3, 64, 2**20])
)
def test_every_word_counts_in_the_column_of_its_hash(texts, sign, binary, norm, n_features):
    tokenizer = WordTokenizer(han="chars")
    X = HashingVectorizer(
        tokenizer=tokenizer, n_features=n_features, alternate_sign=sign, binary=binary, norm=norm, dtype=np.float64
    ).transform(texts)
    assert X.shape == (len(texts), n_features)
    for i, text in enumerate(texts):
        row: dict[int, float] = {}
        for word in tokenizer.tokenize(text):
            h = murmurhash3(word.encode())
            row[abs(h) % n_features] = row.get(abs(h) % n_features, 0) + (-1 if sign and h < 0 else 1)
        values = np.array([1.0 if binary else v for v in row.values()])
        size = {"l1": np.abs(values).sum(), "l2": np.sqrt((values**2).sum()), None: 1.0}[norm] or 1.0
        where = slice(X.indptr[i], X.indptr[i + 1])
        assert dict(zip(X.indices[where].tolist(), X.data[where].tolist(), strict=True)) == pytest.approx(
            dict(zip(row, values / size, strict=True))
        )


@pytest.mark.parametrize("options", [{}, {"ngram_range": (1, 3)}, {"binary": True}, {"norm": "l1"}, {"norm": None}])
@pytest.mark.parametrize("sign", [True, False])
def test_equal_to_scikit_learn_on_any_number_of_threads(options, sign):
    peer = pytest.importorskip("sklearn.feature_extraction.text")
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(300)] + ["海浪", "船队", "été"]
    texts = [" ".join(rng.choice(words, rng.integers(0, 40))) for _ in range(2500)]
    common = {"n_features": 256, "alternate_sign": sign, **options}
    expected = peer.HashingVectorizer(**common).transform(texts).toarray()
    tokenizer = WordTokenizer(rule="runs", min_length=2)
    for n_threads in (1, 2):
        set_num_threads(n_threads)
        found = HashingVectorizer(tokenizer=tokenizer, dtype=np.float64, **common).fit_transform(texts)
        np.testing.assert_allclose(found.toarray(), expected, rtol=1e-12, atol=1e-15)
    set_num_threads(None)


def test_nothing_is_learnt_and_bad_input_is_named():
    vectorizer = HashingVectorizer(n_features=8)
    assert vectorizer.partial_fit(["a b"]) is vectorizer.fit() is vectorizer
    whole = vectorizer.transform(["a b", "大海", ""]).toarray()
    parts = [vectorizer.transform([text]).toarray() for text in ("a b", "大海", "")]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert whole.dtype == np.float32
    assert not whole[2].any()
    for params, error, message in (
        ({"n_features": 0}, ValueError, "n_features must be"),
        ({"norm": "max"}, ValueError, "norm must be one of"),
        ({"dtype": np.int32}, ValueError, "dtype must be float32 or float64"),
        ({"alternate_sign": 1}, TypeError, "alternate_sign must be True or False"),
        ({"ngram_range": (2, 1)}, ValueError, "ngram_range must not fall"),
    ):
        with pytest.raises(error, match=message):
            HashingVectorizer(**params).transform(["a b"])
    with pytest.raises(TypeError, match="single str"):
        vectorizer.transform("a b")
