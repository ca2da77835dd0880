"""Offsets into the raw text, mojibake, stop words: what the cleaner does beyond its profiles."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minilm_unsup import ChineseSegmenter, TextCleaner
from minilm_unsup._native import clean as kernel
from minilm_unsup.text.cleaner import PROFILES
from minilm_unsup.text.cleaning_rules import FOREIGN, RULES, WITH_LINES, tidy
from minilm_unsup.text.mojibake import find_mojibake
from minilm_unsup.text.stop_words import stop_words_of
from minilm_unsup.text.text_edits import Sources, apply_edits, changed_runs
from tests.test_text_clean import texts


@given(texts, st.sampled_from([*RULES.values(), WITH_LINES]))
@example("İ ΑΣ", RULES["lowercase"])
def test_the_quick_way_of_a_rule_is_its_pieces(text, rule):
    """The text a rule makes at once is the one that its pieces, from which offsets are taken, make."""
    by_pieces = text
    for find in rule.finders:
        pieces = list(find(by_pieces))
        ends = [0, *(end for _, end, _ in pieces)]
        assert all(last <= start <= end for last, (start, end, _) in zip(ends, pieces, strict=False))
        by_pieces = apply_edits(by_pieces, pieces)
    assert by_pieces == rule(text)


@given(texts, st.sampled_from([*RULES.values()]))
def test_a_text_without_the_marks_of_a_rule_is_not_changed_by_it(text, rule):
    if not (kernel.marks(text) | 256) & rule.need:
        assert rule(text) == text


@pytest.mark.kernel
@given(
    st.lists(st.one_of(texts, st.text(st.sampled_from("aB １　\t中，。é\u3099字Z9")))),
    st.sets(st.sampled_from([*RULES])),
)
def test_one_pass_is_the_rules_one_by_one(batch, names):
    steps = [rule for name, rule in RULES.items() if name in names]
    for text, tidied in zip(batch, tidy(batch, steps), strict=True):
        assert tidied is None or tidied == TextCleaner._run(text, steps, None)
        plain = not kernel.marks(text) & ~(16 | 64) and not names & {"punctuation", "digits"}
        assert (tidied is not None) == plain


def test_foreign_is_all_that_case_accents_and_composition_touch():
    for code in range(0x80, 0x110000):
        c = chr(code)
        if 0xD800 <= code <= 0xDFFF or kernel.marks(c) & FOREIGN:
            continue
        assert c.lower() == c
        assert unicodedata.combining(c) == 0
        assert unicodedata.is_normalized("NFC", c)
        assert not c.isspace() or c == "\u3000"
        assert kernel.fold_characters(c, 3) == c or c in "０１２３４５６７８９\u3000"


@given(texts, st.sampled_from(sorted(PROFILES)), st.booleans())
@example("<b>ＡＢＣ</b> &amp; e\u0301", "topics", True)
@example("İ", "topics", False)
def test_offsets_lead_back_to_the_raw_text(text, profile, all_rules):
    more = {"accents": True, "punctuation": True, "digits": True, "stop_words": "english"} if all_rules else {}
    cleaner = TextCleaner(profile, **more)
    cleaned, offsets = cleaner.clean(text, keep_offsets=True)
    assert cleaned == cleaner.clean(text)
    assert offsets.shape == (len(cleaned), 2)
    assert offsets.dtype == np.int64
    start, end = offsets.T
    assert (start <= end).all()
    assert ((start >= 0) & (end <= len(text))).all()
    assert (np.diff(start) >= 0).all()
    assert (np.diff(end) >= 0).all()
    for c, (a, b) in zip(cleaned, offsets.tolist(), strict=True):
        if b - a == 1 and c.isalnum() and text[a].isalnum() and "Ã" not in text and "digits" not in more:
            # A letter that stands for one letter is that letter but for case, width and accents.
            same = (unicodedata.normalize("NFKD", x)[0].casefold() for x in (c, text[a]))
            assert len(set(same)) == 1


def test_offsets_of_a_known_text():
    raw = "<p>Ｆish &amp; 中文 http://a.b/c</p>"
    cleaned, offsets = TextCleaner().clean(raw, keep_offsets=True)
    assert cleaned == "fish & 中文"
    assert [raw[a:b] for a, b in offsets.tolist()] == ["Ｆ", "i", "s", "h", " ", "&amp;", " ", "中", "文"]


@given(texts, texts)
def test_pieces_of_followed_edits_rebuild_the_text(text, other):
    cut = len(text) // 3
    pieces = [(0, cut, other), (cut, cut, "x"), (2 * cut, len(text), "")]
    sources = Sources(len(text))
    sources.edit(pieces)
    after = apply_edits(text, pieces)
    assert len(sources.spans) == len(after)
    assert apply_edits(text, sources.pieces(text, after)) == after
    swapped = text.swapcase()
    if len(swapped) == len(text):
        assert apply_edits(text, changed_runs(text, swapped)) == swapped


@given(
    st.text(st.characters(min_codepoint=0x80, exclude_categories=["Cs"]), min_size=2),
    st.sampled_from(["latin-1", "cp1252"]),
)
def test_mojibake_of_two_characters_and_more_is_mended(text, encoding):
    try:
        broken = text.encode("utf-8").decode(encoding)
    except UnicodeDecodeError:  # five bytes are nothing in Windows-1252
        return
    assert apply_edits(broken, find_mojibake(broken)) == text


@pytest.mark.parametrize(
    "raw, wanted",
    [
        ("cafÃ© dÃ©jÃ\xa0 vu", "café déjà vu"),
        ("itâ€™s â€œfineâ€\x9d â€” Â£5 â„¢", "it’s “fine” — £5 ™".replace(" ", " ")),
        ("ä¸\xadæ–‡ ok", "中文 ok"),
        ("ðŸ˜€", "😀"),
        ("ÃƒÂ©", "é"),  # twice
        ("passé…»", "passé…»"),  # French, not U+9178
        ("MANHÃ” ROMÂ»", "MANHÃ” ROMÂ»"),
        ("São Paulo, NÃO, Âge, naïve, 中文“好”", "São Paulo, NÃO, Âge, naïve, 中文“好”"),
    ],
)
def test_mojibake_and_what_only_looks_like_it(raw, wanted):
    assert TextCleaner("lm").clean(raw) == wanted
    assert TextCleaner("raw").clean(raw) == raw


def test_stop_words_go_and_negations_stay():
    cleaner = TextCleaner(stop_words="english")
    assert (
        cleaner.clean("The ship is NOT at the well-known U.S. port, isn’t it?")
        == "ship not well-known u.s. port, isn’t ?"
    )
    assert TextCleaner(stop_words="english", keep_negations=False).clean("It is not a ship, isn’t it") == "ship,"
    assert TextCleaner("lm", stop_words=["Ship", "海"]).clean("A SHIP at 海边") == "A at 海边"
    segmenter = ChineseSegmenter().set_words({"目的": 9, "的": 99, "我们": 20, "不": 30, "喜欢": 9, "船": 9})
    chinese = TextCleaner(stop_words="chinese", segmenter=segmenter)
    assert chinese.clean("我们不喜欢船的目的") == "不喜欢船 目的"
    assert (
        TextCleaner(stop_words="chinese", segmenter=segmenter, keep_negations=False).clean("我们不喜欢船") == "喜欢船"
    )
    assert TextCleaner(stop_words="auto").clean("the 目的") == "目的"  # no segmenter: Han stays as it is
    raw = "The 船 of 我们"
    cleaned, offsets = TextCleaner(stop_words="auto", segmenter=segmenter).clean(raw, keep_offsets=True)
    assert cleaned == "船"
    assert raw[slice(*offsets[0])] == "船"


@given(texts)
def test_cleaning_without_stop_words_is_stable(text):
    cleaner = TextCleaner(stop_words="auto", keep_negations=False)
    once = cleaner.clean(text)
    assert cleaner.clean(once) == once


def test_the_lists_hold_no_negation_unless_asked():
    for language in ("english", "chinese", "auto"):
        plain, every = set(stop_words_of(language)), set(stop_words_of(language, negations=True))
        assert plain < every
        assert not plain & {"not", "no", "neither", "don't", "不", "没有", "无"}


def test_bad_stop_words_are_named():
    with pytest.raises(ValueError, match="stop_words='chinese' needs segmenter"):
        TextCleaner(stop_words="chinese").clean("a")
    with pytest.raises(ValueError, match="stop_words must be one of"):
        TextCleaner(stop_words="german").clean("a")
    with pytest.raises(TypeError, match="stop_words must be None, the name of a list, or strings, got 3"):
        TextCleaner(stop_words=3).clean("a")
    with pytest.raises(TypeError, match="keep_negations must be True or False"):
        TextCleaner(stop_words="english", keep_negations="no").clean("a")
    with pytest.raises(TypeError, match="segmenter must be"):
        TextCleaner(stop_words="auto", segmenter=3).clean("a")
    with pytest.raises(TypeError, match="cannot be saved"):
        TextCleaner(segmenter=ChineseSegmenter()).get_state()
    config, _ = TextCleaner(stop_words={"b", "a"}).get_state()
    assert config["stop_words"] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("C++ <vector> and <name>, <b>bold</b>", "C++ <vector> and <name>, bold"),
        ('<ref name="x">a</ref> <my-tag>b <o:p>c', "a</ref> b c"),
        ("see https://例子.中国/a?b=1 和 http://中文.com，好", "see 和 ，好"),
        ("see https://a.cn/测试 http://例子", "see 测试 http://例子"),
        ("价格￥100％ ＠ｕｓｅｒ ａ．ｃｏｍ", "价格￥100％ ＠user a.com"),
        ("１２：３０ 第１．２节 注意：A", "12:30 第1.2节 注意：A"),
        ("ｕｓｅｒ＠ａ．ｃｏｍ 好", "好"),
        ("a&#0;b", "ab"),
    ],
)
def test_documented_cases(text, cleaned):
    cleaner = TextCleaner("lm", urls=True, emails=True)
    assert cleaner.clean(text) == cleaned
    assert cleaner.transform([text]) == [cleaned]
