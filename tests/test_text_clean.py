from __future__ import annotations

import gzip
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minilm_unsup import Deduplicator, QualityFilter, TextCleaner
from minilm_unsup._native import clean as kernel
from minilm_unsup._native import quality
from minilm_unsup.text import RemovalReport
from minilm_unsup.text.cleaner import PROFILES
from minilm_unsup.text.cleaning_rules import first_difference
from tests.reference import clean as naive

# Any string Python can hold, lone surrogates included, rich in what the rules look at.
characters = st.one_of(
    st.characters(),
    st.sampled_from(
        list(
            "<>&;/#@.:- \n\r\t\0aAbB09ＡｂＣ１２　，。！中文é\u0301\u200b\u200d\u200c\ufeff\u202e\u2028\x85\ud800👩🔬️ऋ"
        )
    ),
    st.characters(codec="ascii"),
)
pieces = st.sampled_from(
    [
        "<b>",
        "</p>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "&amp;",
        "&lt;",
        "&#65;",
        "Ã©",
        "â€™",
        "the",
        "don't",
        "GREAT",
        "\u212b",
        "e\u0327\u0301",
        "각",
        "http://a.b/c",
        "www.x.cn",
        "a.b@c.de",
        "-- ",
        "\n--\n",
        "\n====\n",
        "\nM" + "#" * 60 + "\n",
        "A" * 60 + "\n",
        "HTTPS://",
        "WwW.a",
        "\n> ",
    ]
)
texts = st.lists(st.one_of(st.text(characters, max_size=6), pieces), max_size=12).map("".join)


@pytest.mark.kernel
@given(texts)
def test_kernels_equal_their_twins(text):
    assert kernel.fold_characters(text, 3) == naive.fold_characters(text)
    assert kernel.collapse_space(text, False) == naive.collapse_space(text)
    assert kernel.alphanumeric(text) == naive.alphanumeric(text)
    assert quality.measure(text) == naive.measure(text)
    assert kernel.marks(text) == naive.marks(text)
    assert kernel.line_marks(text) == naive.line_marks(text)


@pytest.mark.kernel
@given(texts)
def test_kept_lines_hold_the_same_words(text):
    kept = kernel.collapse_space(text, True)
    assert kept.split() == text.split()
    assert "\n\n\n" not in kept
    assert kernel.collapse_space(kept, True) == kept


@pytest.mark.kernel
def test_clean_text_comes_back_as_the_same_object():
    for text in ("plain words", "中文，好。", "ship 中文", "", "\U0001f600 ok"):
        assert kernel.fold_characters(text, 3) is text
        assert kernel.collapse_space(text, False) is text


@settings(max_examples=300)
@given(texts, st.sampled_from(sorted(PROFILES)))
@example("<<b>b>", "topics")
@example("&amp;lt;b&amp;gt;", "topics")
@example("&AMP;nbsp;", "topics")
@example("İ\u0307", "topics")
def test_cleaning_twice_changes_nothing_more(text, profile):
    cleaner = TextCleaner(profile)
    once = cleaner.clean(text)
    assert cleaner.clean(once) == once


@given(texts)
def test_every_rule_on_is_still_stable(text):
    cleaner = TextCleaner(accents=True, punctuation=True, digits=True)
    once = cleaner.clean(text)
    assert cleaner.clean(once) == once
    assert once == once.strip()


@given(st.lists(texts, max_size=5))
def test_batch_report_and_single_calls_agree(batch):
    cleaner = TextCleaner()
    cleaned, report = cleaner.clean_batch(batch)
    assert cleaned == cleaner.transform(batch) == [cleaner.clean(t) for t in batch]
    assert report.n_edited == sum(bool(cleaner.explain(t)) for t in batch)
    for rule, count in report.counts.items():
        assert count == sum(any(e.rule == rule for e in cleaner.explain(t)) for t in batch)
        assert 1 <= len(report.examples[rule]) <= 5


@given(texts)
def test_edits_replayed_in_order_give_the_cleaned_text(text):
    cleaner = TextCleaner()
    edits = cleaner.explain(text)
    now, i = text, 0
    while i < len(edits):
        # Edits of one pass of one rule are placed in the text before that pass, from left to right.
        out, at, rule = [], 0, edits[i].rule
        while i < len(edits) and edits[i].rule == rule and edits[i].start >= at:
            edit = edits[i]
            assert now[edit.start : edit.end] == edit.before
            out += [now[at : edit.start], edit.after]
            at = edit.end
            i += 1
        now = "".join([*out, now[at:]])
    assert now == cleaner.clean(text)


@given(texts, texts)
def test_first_difference(a, b):
    at = first_difference(a, b)
    assert a[:at] == b[:at]
    assert at == min(len(a), len(b)) or a[at] != b[at]


@pytest.mark.parametrize(
    "raw, wanted",
    [
        ("ＡＢＣ１２３，。！？；：（）“”", "abc123，。！？；：（）“”"),  # width folded, Chinese punctuation kept
        ("价格５０元　起", "价格50元 起"),
        ("邮箱abc@x.com谢谢", "邮箱 谢谢"),  # addresses beside Han
        ("邮箱a.bc@x.com。", "邮箱 。"),
        ("看https://a.cn/b?c=1吧", "看 吧"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("x<y", "x<y"),
        ("a <b>bold</b> word", "a bold word"),
        ("one<br>two<p class='x'>three", "one two three"),
        ("<script>var a = '<b>';</script>text<!-- gone -->", "text"),
        ("Fish &amp; chips &#20013;&eacute;", "fish & chips 中é"),
        ("AT&T; R&D", "at&t; r&d"),
        ("zero\u200bwidth \u202ebidi\u202c soft\xadhyphen", "zerowidth bidi softhyphen"),
        ("👩\u200d🔬 क\u094d\u200dष a\u200db", "👩\u200d🔬 क\u094d\u200dष ab"),  # joiners that are seen stay
        ("e\u0301", "é"),
        ("\ud800lone", "lone"),
        ("text\n> quoted\n>> more\nmore text\n-- \nname\nphone", "text more text"),
        ("begin\n-----=====-----\nM" + "#" * 60 + "\nend", "begin end"),
    ],
)
def test_topics_profile_on_known_traps(raw, wanted):
    assert TextCleaner().clean(raw) == wanted


def test_profiles_do_no_harm():
    text = "GREAT!!! I do NOT like it, 不好。\n\nNew paragraph"
    assert TextCleaner("sentiment").clean(text) == "GREAT!!! I do NOT like it, 不好。 New paragraph"
    assert TextCleaner("lm").clean(text) == text
    assert TextCleaner("raw").clean(" <b>\0") == " <b>\0"
    assert TextCleaner("search").clean("Café Ünïcode") == "cafe unicode"
    assert TextCleaner(punctuation=True).clean("你好，世界！ a+b=c") == "你好 世界 a b c"
    assert TextCleaner(digits=True).clean("call 13800138000谢谢") == "call 0谢谢"


def test_bad_parameters_and_input_are_named():
    with pytest.raises(ValueError, match="profile must be one of"):
        TextCleaner("topic").clean("a")
    with pytest.raises(TypeError, match="html must be True, False or None"):
        TextCleaner(html="no").clean("a")
    with pytest.raises(TypeError, match="single str"):
        TextCleaner().transform("abc")
    with pytest.raises(TypeError, match=r"texts\[0\]"):
        TextCleaner().transform([b"abc"])
    with pytest.raises(TypeError, match="text must be a string"):
        TextCleaner().clean(None)
    config, arrays = TextCleaner("lm", digits=True).get_state()
    assert TextCleaner.from_state(config, arrays).get_params() == TextCleaner("lm", digits=True).get_params()


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "&", "@", "a@", "a.", "<script>", "<!--", "</script", "www.", "http://", "\n>", "-- \n"]
)
def test_time_is_linear_in_texts_made_to_be_slow(piece):
    def seconds(n):
        text = piece * (n // len(piece)) + "</script -"
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            TextCleaner().clean(text)
            best = min(best, time.process_time() - start)
        return best

    # Eight times the text takes eight times as long; were it quadratic, 64 times. A floor keeps noise out.
    assert seconds(160_000) < 24 * max(seconds(20_000), 0.002)


def test_quality_reasons():
    reasons = QualityFilter().reasons(
        [
            "a ship at sea",
            "天气",
            "",
            "  ",
            "!!!",
            "哈哈哈哈",
            "word",
            "1 2 3 4 5 6",
            "http://a.b/c d",
            "https://a.b/c-d-e-f",
            "12 ab",
        ]
    )
    assert reasons == [
        None,
        None,
        "empty",
        "empty",
        "no words",
        "one repeated character",
        "too few words",
        "too few letters",
        None,
        "nothing but an address",
        None,
    ]
    assert QualityFilter("long").reasons(["a ship at sea"]) == ["too few words"]
    with pytest.raises(ValueError, match="min_letters must be at least 0 and at most 1"):
        QualityFilter(min_letters=2).reasons(["a"])
    with pytest.raises(ValueError, match="preset"):
        QualityFilter("web").reasons(["a"])


@given(st.lists(texts, max_size=8))
def test_filters_keep_order_and_count_everything(batch):
    for step in (QualityFilter(), Deduplicator()):
        kept, indices, report = step.filter(batch)
        assert kept == [batch[i] for i in indices]
        assert (indices[1:] > indices[:-1]).all()
        assert report.n_in == len(batch)
        assert report.n_out == len(kept)
        assert sum(report.counts.values()) == len(batch) - len(kept)
        assert step.filter(kept)[2].n_out == len(kept)  # nothing more to drop


@given(st.lists(texts, min_size=1, max_size=8))
def test_first_occurrence_is_an_equivalence(batch):
    first = Deduplicator().first_occurrence(batch)
    for i, f in enumerate(first):
        assert f <= i
        assert first[f] == f
        for j in range(i):
            if batch[i] == batch[j]:
                assert first[i] == first[j]


def test_duplicates_across_case_width_and_punctuation():
    batch = ["A ship.", "a  ＳＨＩＰ", "天气，好", "天气好。", "!!!", "???", "!!!"]
    assert Deduplicator().first_occurrence(batch).tolist() == [0, 0, 2, 2, 4, 5, 4]
    assert Deduplicator().filter(["甲乙", "甲乙"])[2] == RemovalReport(2, 1, {"duplicate": 1}, {"duplicate": ["甲乙"]})


def test_chinese_titles_keep_their_text(data_dir):
    with gzip.open(data_dir / "thucnews/thucnews.tsv.gz", "rt", encoding="utf-8", newline="\n") as file:
        titles = [line.rstrip("\n").split("\t")[2] for line in file]
    cleaned, report = TextCleaner().clean_batch(titles)
    assert report.n_texts == 20_000
    for before, after in zip(titles, cleaned, strict=True):
        assert [c for c in after if naive.is_han(c)] == [c for c in before if naive.is_han(c)]
    kept, _, removed = QualityFilter().filter(cleaned)
    assert len(kept) > 19_990, removed.counts


@pytest.mark.parametrize(
    "make", [lambda n: "&" + "amp;" * n, lambda n: "<" * n + "a>" * n, lambda n: "&#38;" + "#38;" * n]
)
def test_nesting_costs_linear_time(make):
    """Each pass undoes one level; were all undone, 400 kB would take minutes."""
    start = time.perf_counter()
    TextCleaner().clean(make(100_000))
    assert time.perf_counter() - start < 5
