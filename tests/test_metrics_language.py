from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import metrics
from minilm_unsup._csr import CSRMatrix
from tests.reference import metrics as naive

probabilities = st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=20)


@given(st.lists(probabilities, min_size=1, max_size=4), st.sampled_from([None, 2.0, 10.0]))
def test_every_form_of_input_gives_one_perplexity(texts, base):
    scale = 1.0 if base is None else math.log(base)
    logs = [np.log(p) / scale for p in texts]
    tokens = [p for text in texts for p in text]
    mean_nll = -sum(map(math.log, tokens)) / len(tokens)
    expected = math.exp(mean_nll)
    for given_logs in (logs, [v.tolist() for v in logs], np.concatenate(logs)):
        assert metrics.perplexity(given_logs, base=base) == pytest.approx(expected)
        assert metrics.bits_per_token(given_logs, base=base) == pytest.approx(mean_nll / math.log(2), abs=1e-12)
    assert metrics.perplexity(mean_nll=mean_nll / scale, base=base) == pytest.approx(expected)
    assert 1 <= metrics.perplexity(logs, base=base) <= (1 + 1e-9) / min(tokens)


def test_limits_come_without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.perplexity([0.0, 0.0]) == 1.0
        assert metrics.perplexity([-1e6]) == metrics.perplexity([-math.inf, -1.0]) == math.inf
        assert metrics.bits_per_token([-math.inf]) == math.inf
        assert metrics.bits_per_token(np.full((2, 3), -math.log(8))) == pytest.approx(3)
        assert metrics.perplexity(mean_nll=0) == 1.0
        # A float32 softmax may give log p a little above 0.
        assert metrics.perplexity(np.array([1e-7], dtype=np.float32)) == 1.0


def test_perplexity_names_bad_input():
    with pytest.raises(TypeError, match="got none"):
        metrics.perplexity()
    with pytest.raises(TypeError, match="got both"):
        metrics.perplexity([-1.0], mean_nll=1.0)
    for bad in ([], [[], []], np.empty((0, 3))):
        with pytest.raises(ValueError, match="at least one token"):
            metrics.perplexity(bad)
    with pytest.raises(ValueError, match=r"at most 0, got 0\.5"):
        metrics.perplexity([-1.0, 0.5])
    with pytest.raises(ValueError, match="contains NaN"):
        metrics.perplexity([[-1.0], [math.nan, -1.0]])
    with pytest.raises(ValueError, match="mean_nll must be at least 0"):
        metrics.perplexity(mean_nll=-0.5)
    with pytest.raises(ValueError, match="base must be more than 1"):
        metrics.perplexity([-1.0], base=1)


WORDS = ("猫", "cat", "狗", "dog", "鸟")
documents = st.lists(st.sets(st.sampled_from(WORDS)), min_size=1, max_size=12)
topics = st.lists(st.lists(st.sampled_from([*WORDS, "unseen"]), max_size=4), min_size=1, max_size=3).filter(any)


@given(documents, topics, st.randoms(use_true_random=False))
def test_npmi_is_the_mean_over_topics_of_the_mean_over_pairs(docs, topic_words, random):
    counts = CSRMatrix.from_dense([[2.0 * (w in d) for w in WORDS] for d in docs])
    expected = []
    for words in topic_words:
        distinct = sorted(set(words))
        pairs = [naive.npmi_pair(docs, a, b) for i, a in enumerate(distinct) for b in distinct[:i]]
        expected.append(np.mean(pairs) if pairs else None)
    each = metrics.npmi(topic_words, counts, WORDS, per_topic=True)
    np.testing.assert_allclose(each, [0 if v is None else v for v in expected], rtol=0, atol=1e-12)
    scored = [v for v in expected if v is not None]
    score = metrics.npmi(topic_words, counts, WORDS)
    assert score == pytest.approx(np.mean(scored) if scored else 0.0, abs=1e-12)
    assert -1 <= score <= 1
    assert metrics.npmi(topic_words, counts.toarray(), WORDS) == score
    shuffled = random.sample(range(len(docs)), len(docs))
    assert metrics.npmi(topic_words, counts.take(shuffled), np.array(WORDS)) == score


def test_hand_computed_npmi():
    # Words a and b in 2 of 4 documents each, together in 1: as often as by chance. a and c only together.
    counts = np.array([[1, 1, 3], [1, 0, 1], [0, 1, 0], [0, 0, 0]])
    found = metrics.npmi([["a", "b"], ["a", "c"], ["b", "x"], ["a"]], counts, ["a", "b", "c"], per_topic=True)
    np.testing.assert_allclose(found, [0, 1, -1, 0], atol=1e-15)
    assert metrics.npmi([["a", "b"], ["a", "c"], ["b", "x"], ["a"]], counts, ["a", "b", "c"]) == pytest.approx(0)
    assert metrics.npmi([["a", "b"]], np.ones((3, 2)), ["a", "b"]) == 1.0
    # Explicit zeros and scipy's matrices are what they stand for.
    stored = CSRMatrix(np.array([1.0, 0.0, 1.0]), np.array([0, 1, 1], np.int32), np.array([0, 2, 3]), (2, 2))
    assert metrics.npmi([["a", "b"]], stored, ["a", "b"]) == -1.0


def test_topics_name_bad_input():
    counts = CSRMatrix.from_dense(np.eye(3))
    with pytest.raises(ValueError, match="each of the 3 columns of counts once, got 2 names"):
        metrics.npmi([["a", "b"]], counts, ["a", "b"])
    with pytest.raises(ValueError, match="got 3 names, 2 of them different"):
        metrics.npmi([["a", "b"]], counts, ["a", "b", "b"])
    with pytest.raises(ValueError, match="got 4 names, 3 of them different"):
        metrics.npmi([["a", "b"]], counts, ["a", "b", "b", "c"])
    for score in (metrics.topic_diversity, lambda words: metrics.npmi(words, counts, list("abc"))):
        with pytest.raises(TypeError, match="single str"):
            score("abc")
        with pytest.raises(TypeError, match=r"topic_words\[1\] must be a list of strings, got a single str"):
            score([["a"], "abc"])
        with pytest.raises(ValueError, match="at least one word"):
            score([[], []])
        with pytest.raises(TypeError, match=r"topic_words\[0\]\[1\] must be a string, got tuple"):
            score([["a", ("b", 0.5)]])


@given(topics)
def test_topic_diversity_counts_different_words(topic_words):
    words = [w for words in topic_words for w in words]
    found = metrics.topic_diversity(topic_words)
    assert found == len(set(words)) / len(words)
    # Saying everything twice halves it.
    assert metrics.topic_diversity(topic_words + topic_words) == found / 2
