"""The quality filter: what it measures, and each limit."""

from __future__ import annotations

import gzip
import json
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import ChineseSegmenter, QualityFilter
from minilm_unsup._native import quality as kernel
from minilm_unsup.text.quality_rules import PRESETS, c4_lines, limits_of
from tests.reference import quality as naive
from tests.test_text_clean import texts

repeating = st.lists(st.sampled_from(["a", "bb", "ä1", "我", "们", " ", ", ", "\n", "𠀀", "3"]), max_size=60).map(
    "".join
)


@pytest.mark.kernel
@given(st.one_of(repeating, texts), st.lists(st.integers(1, 12), max_size=4), st.booleans())
def test_repetition_is_that_of_dictionaries(text, sizes, given_spans):
    spans = naive.words(text)
    array = np.array(spans, dtype=np.int64).reshape(-1, 2) if given_spans else None
    n, characters, lettered, of_han, tops, duplicates = kernel.repetition(text, array, tuple(sizes), tuple(sizes))
    assert n == len(spans)
    assert characters == sum(b - a for a, b in spans)
    assert lettered == sum(any(c.isalpha() or naive.is_han(c) for c in text[a:b]) for a, b in spans)
    assert of_han == (0 if given_spans else sum(naive.is_han(text[a]) for a, _ in spans))
    assert tops == [naive.top(text, spans, size) for size in sizes]
    assert duplicates == [naive.duplicate(text, spans, size) for size in sizes]


@given(st.one_of(repeating, texts), st.sampled_from(sorted(PRESETS)))
def test_shares_are_shares(text, preset):
    for name, value in QualityFilter(preset).measure(text).items():
        assert value >= 0
        if name.startswith(
            ("characters", "lines", "short", "bullet", "duplicate", "words with", "letters", "repeated")
        ):
            assert value <= 1, name


@given(st.lists(st.one_of(repeating, texts), max_size=6), st.sampled_from(sorted(PRESETS)))
def test_what_is_kept_is_kept_again(batch, preset):
    step = QualityFilter(preset, min_words=3)
    kept, indices, report = step.filter(batch)
    assert report.n_out == len(kept) == len(indices)
    assert step.filter(kept)[0] == kept
    if preset != "c4":
        assert kept == [batch[i] for i in indices]


@pytest.mark.parametrize("preset", sorted(PRESETS))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_limit_holds_at_its_value_and_not_beyond(preset, language):
    for limit in limits_of(preset, language):
        for bound, beyond in ((limit.low, -1e-9), (limit.high, 1e-9)):
            if np.isfinite(bound):
                assert limit.broken_by(bound) is None
                assert limit.measure in limit.broken_by(bound + beyond)


PROSE = (
    "The ship sailed over the sea and the crew looked at the stars with wonder. "
    "Nobody aboard had seen a night that was so clear, and they talked about it for days. "
    "When morning came the captain ordered bread to be baked, which pleased them all very much indeed. "
    "Some of them wrote letters home; others slept until noon on the warm deck."
)
CHINESE = (
    "昨天下午，我们在海边看见了一艘很大的船。船上的人向我们挥手，大家都很高兴。"
    "后来天黑了，他们点起灯来，海面上有许多亮光，好像天上的星星。"
    "第二天早上，船已经不在那里了，只有几个孩子在沙滩上玩。老人说这是今年最好的天气，也是最安静的一个夜晚。"
)


@pytest.mark.parametrize("preset", ["short", "gopher", "fineweb", "long"])
def test_prose_is_kept_and_made_worse_is_dropped(preset):
    judge = QualityFilter(preset)
    assert judge.reasons([PROSE, CHINESE]) == [None, None]
    assert QualityFilter(preset, segmenter=ChineseSegmenter().set_words({"海边": 9, "我们": 9})).reasons([CHINESE]) == [
        None
    ]
    bad = {
        "short": ("buy now at our shop " * 9, "characters in duplicate 5-grams"),
        "gopher": ("buy the best of shops now, with " * 30, "characters in"),
        "fineweb": ("Home\nNews\nContact\nAbout\nImprint\n" * 2, "lines ending in punctuation"),
        "long": ("\n".join(f"- {line}" for line in PROSE.split(" ")), "mean word length"),
    }
    text, why = bad[preset]
    if preset == "long":
        why = "bullet lines"
    assert why in judge.reasons([text])[0]
    if preset in ("gopher", "long"):
        assert judge.reasons([PROSE.replace(" ", " # ", 12)])[0] == "hash marks per word above 0.1"
        assert judge.reasons(["这是最好的商店，" * 30])[0].startswith("characters in")
        assert judge.reasons(["the cat"]) == ["too few words"]


def test_c4_keeps_lines_that_are_sentences():
    text = (
        "Menu\nThis line is a sentence.[12]\nToo short.\nPlease enable JavaScript to see this page.\n"
        "And it trails off...\n这是一句完整的话。\nNo end\nSee our privacy policy for more of this.\n"
    )
    assert c4_lines(text) == "This line is a sentence.\n这是一句完整的话。"
    judge = QualityFilter("c4")
    more = PROSE + " The end of it."
    kept, indices, report = judge.filter([more + "\nMenu\n", text, more + " A {brace}.", "Menu"])
    assert indices.tolist() == [0]
    assert kept == [more]
    assert report.counts == {
        "sentences below 5": 1,
        "curly brackets above 0": 1,
        "no line that ends like a sentence": 1,
    }


def test_a_scorer_drops_what_it_finds_too_high():
    judge = QualityFilter(scorer=lambda batch: [len(t) for t in batch], max_score=13)
    assert judge.reasons(["a ship at sea", "a ship at sea!", "!!!"]) == [None, "score above 13", "no words"]
    assert QualityFilter(scorer=lambda b: [float("nan")] * len(b), max_score=1).reasons(["a ship"]) == ["score above 1"]
    with pytest.raises(ValueError, match="scorer and max_score go together"):
        QualityFilter(scorer=len).reasons(["a"])
    with pytest.raises(TypeError, match="scorer must be callable"):
        QualityFilter(scorer=3, max_score=1).reasons(["a"])
    with pytest.raises(ValueError, match="scorer must return one number a text"):
        QualityFilter(scorer=lambda b: [1, 2, 3], max_score=1).reasons(["a ship"])
    with pytest.raises(ValueError, match="max_words must be at least min_words, got 5 and 10"):
        QualityFilter(min_words=10, max_words=5).reasons(["a"])
    with pytest.raises(TypeError, match="max_score"):
        QualityFilter(scorer=len, max_score="high").reasons([])
    with pytest.raises(TypeError, match="segmenter must have encode_batch"):
        QualityFilter(segmenter=3).reasons(["a"])
    with pytest.raises(TypeError, match="text must be a string"):
        QualityFilter().measure(3)


def test_the_report_is_a_histogram():
    report = QualityFilter().filter(["a ship", "!!!", "???", "哈哈哈哈"])[2]
    assert str(report).split("\n") == [
        "1 of 4 texts kept",
        "no words                       2   50.0%  !!!",
        "one repeated character         1   25.0%  哈哈哈哈",
    ]


@pytest.mark.parametrize("piece", ["a", "a ", "我", "\n", "a\n", "...", "# ", "one two "])
def test_time_is_linear_in_the_text(piece):
    judge = QualityFilter("long", min_words=0, max_words=10**9, max_repeated=1.0, min_letters=0)

    def seconds(n):
        text = piece * (n // len(piece))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            judge.measure(text)
            best = min(best, time.process_time() - start)
        return best

    # Eight times the text takes eight times as long; were it quadratic, 64 times. A floor keeps noise out.
    assert seconds(400_000) < 24 * max(seconds(50_000), 0.002)


@pytest.mark.parametrize("piece", [".", "?", "x", "x" * 1000 + " ", '."', "。", "[1"])
def test_time_of_c4_is_linear_in_the_text(piece):
    judge = QualityFilter("c4")

    def seconds(n):
        text = "a b c " + piece * (n // len(piece)) + "c."
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            judge.measure(text)
            judge.reasons([text])
            best = min(best, time.process_time() - start)
        return best

    # Eight times the text takes eight times as long; were it quadratic, 64 times. A floor keeps noise out.
    assert seconds(80_000) < 24 * max(seconds(10_000), 0.002)


def test_real_text_mostly_stays(data_dir):
    with gzip.open(data_dir / "zh_web_passages/zh_web_passages.test.txt.gz", "rt", encoding="utf-8") as file:
        passages = [line.rstrip("\n") for line in file]
    with gzip.open(data_dir / "20news/20news_raw_sample.jsonl.gz", "rt", encoding="utf-8") as file:
        posts = [json.loads(line)["text"] for line in file]
    assert QualityFilter().filter(passages)[2].n_out > 0.99 * len(passages)
    assert QualityFilter("gopher").filter(passages)[2].n_out > 0.8 * len(passages)
    assert QualityFilter().filter(posts)[2].n_out > 0.99 * len(posts)
