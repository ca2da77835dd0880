from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minilm_unsup import Deduplicator, WordTokenizer, set_num_threads
from minilm_unsup._native import load
from minilm_unsup.text.near_duplicates import bands_and_rows, candidate_probability, near_duplicates
from tests.reference import minhash as naive

pytestmark = pytest.mark.kernel
_minhash = load("minhash")
_words = WordTokenizer(han="chars")

texts_alike = st.lists(
    st.lists(st.sampled_from(["ship", "sea", "Storm", "a", "海", "船上", "!", "ＡＢＣ"]), max_size=9).map(" ".join),
    min_size=1,
    max_size=8,
)


def _shingles(texts, size):
    found, bounds = _minhash.Shingler(size).shingle(texts, 0, len(texts))
    return found, bounds, [found[a:b] for a, b in itertools.pairwise(bounds)]


@given(texts_alike, st.integers(1, 6))
def test_shingles_and_their_similarity_are_those_of_the_sets(texts, size):
    found, bounds, rows = _shingles(texts, size)
    sets = [naive.shingles(_words.tokenize(text), size) for text in texts]
    for row, expected in zip(rows, sets, strict=True):
        assert len(row) == len(expected)
        assert (np.diff(row.astype(object)) > 0).all()
    for i, a in enumerate(sets):
        for j, b in enumerate(sets):
            assert _minhash.jaccard(found, bounds, i, j) == pytest.approx(naive.jaccard(a, b), abs=1e-15)


@given(st.integers(1, 80), st.integers(0, 80), st.integers(0, 2**32))
def test_hashes_of_signatures_agree_as_often_as_shingles_do(n_both, n_other, seed):
    """E[share of equal hashes] is the Jaccard similarity (Broder 1997)."""
    rng = np.random.default_rng(seed)
    both, mine, theirs = (rng.integers(0, 2**64, size=n, dtype=np.uint64) for n in (n_both, n_other, n_other))
    a, b = np.unique(np.concatenate([both, mine])), np.unique(np.concatenate([both, theirs]))
    keys = rng.integers(0, 2**32, size=(2, 1024), dtype=np.uint32)
    keys[0] |= 1
    out = np.empty((2, 1024), dtype=np.uint32)
    bounds = np.array([0, len(a), len(a) + len(b)])
    _minhash.sign(np.concatenate([a, b]), bounds, keys, 0, 2, out)
    share = n_both / (n_both + 2 * n_other)
    # Six standard deviations of 1,024 draws; multiplying odd numbers is not quite a random permutation: 0.05 more.
    assert abs((out[0] == out[1]).mean() - share) < 6 * np.sqrt(share * (1 - share) / 1024) + 0.05


@given(texts_alike, st.integers(1, 3), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_groups_are_those_of_all_pairs(texts, size, threshold):
    expected = naive.groups([_words.tokenize(text) for text in texts], size, threshold)
    # So many hashes that a pair at the threshold is missed once in 10**9; chains inside a band may be, so pairs only.
    assume(candidate_probability(threshold, *bands_and_rows(threshold, 2048)) > 1 - 1e-9 or threshold == 1.0)
    pairs = [
        near_duplicates([a, b], threshold=threshold, shingle_size=size, n_hashes=2048) for a in texts for b in texts
    ]
    sets = [naive.shingles(_words.tokenize(text), size) for text in texts]
    assert [p.tolist() == [0, 0] for p in pairs] == [naive.jaccard(a, b) >= threshold for a in sets for b in sets]
    found = near_duplicates(texts, threshold=threshold, shingle_size=size, n_hashes=2048)
    assert all(expected[i] == expected[j] for i, j in enumerate(found))
    assert (found <= np.arange(len(texts))).all()


def test_bands_and_rows_follow_the_curve():
    assert candidate_probability(0.7, 14, 8) == pytest.approx(0.565, abs=5e-4)
    assert candidate_probability(0.8, 14, 8) == pytest.approx(0.924, abs=5e-4)
    for threshold in (0.3, 0.5, 0.7, 0.9, 1.0):
        bands, rows = bands_and_rows(threshold, 128)
        assert bands * rows <= 128
        assert candidate_probability(threshold, bands, rows) >= 0.99
        if rows < 128:
            assert candidate_probability(threshold, 128 // (rows + 1), rows + 1) < 0.99
    assert Deduplicator("near", threshold=0.7).bands_and_rows() == (32, 4)


def test_copies_with_small_changes_are_found_in_both_languages_on_any_number_of_threads():
    rng = np.random.default_rng(0)
    english = [f"w{i}" for i in range(3000)]
    chinese = [chr(c) for c in range(0x4E00, 0x4E00 + 2000)]
    texts, source = [], []
    for i in range(600):
        words, glue = (english, " ") if i % 2 else (chinese, "")
        drawn = rng.choice(words, 80)
        texts.append(glue.join(drawn))
        source.append(i)
        if i % 3 == 0:
            drawn = drawn.copy()
            drawn[rng.integers(80)] = words[0]  # five shingles of 76 differ: similarity 71/81
            texts.append(glue.join(drawn))
            source.append(i)
    found = []
    for n_threads in (1, 2):
        set_num_threads(n_threads)
        found.append(Deduplicator("near").groups(texts))
    set_num_threads(None)
    np.testing.assert_array_equal(*found)
    groups = found[0]
    for i, s in enumerate(source):
        assert source[groups[i]] == s
    twice = [i for i in range(1, len(texts)) if source[i] == source[i - 1]]
    assert np.mean([groups[i] == groups[i - 1] for i in twice]) > 0.98


def test_which_text_stays():
    texts = ["the ship sailed the sea today", "a car", "the ship sailed the sea today again", "!!!", "???"]
    near = {"method": "near", "shingle_size": 2, "threshold": 0.7}
    assert Deduplicator(**near).filter(texts)[1].tolist() == [0, 1, 3, 4]
    kept, where, report = Deduplicator(**near, keep="longest").filter(texts)
    assert where.tolist() == [1, 2, 3, 4]
    assert kept == [texts[i] for i in where]
    assert report.counts == {"near duplicate": 1}
    assert Deduplicator(keep="longest").first_occurrence(["a b", "A  B", "ab", "c"]).tolist() == [1, 1, 1, 3]
    assert Deduplicator("near").filter([])[1].tolist() == []


def test_bad_input_is_named():
    for params, message in (
        ({"method": "simhash"}, "method must be one of"),
        ({"threshold": 0}, "threshold must be"),
        ({"threshold": 1.5}, "threshold must be"),
        ({"shingle_size": 0}, "shingle_size must be"),
        ({"n_hashes": 0}, "n_hashes must be"),
        ({"keep": "last"}, "keep must be one of"),
    ):
        with pytest.raises(ValueError, match=message):
            Deduplicator(**params).filter(["a"])


def test_a_text_joins_the_groups_of_all_that_it_is_like():
    """C is like A and like B, which are not like each other; where one band holds all three, they are one group."""

    def words(numbers):
        return " ".join(f"w{i}" for i in numbers)

    met = 0
    for start in range(0, 6000, 100):
        A, B, C = (words(range(start + first, start + first + 20)) for first in (0, 10, 5))
        finder = Deduplicator("near", threshold=0.55, shingle_size=1, n_hashes=1)
        alone = finder.groups([B, C])
        together = finder.groups([A, B, C])
        if alone[1] == 0:
            assert together[2] == together[1]
            met += together[2] == together[0]
    assert met
