"""Numbers, colours, ticks and names as the report writes them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup.report.drawing import ticks
from minilm_unsup.report.markup import (
    COLOURS,
    SHAPES,
    clip,
    colour,
    count,
    embedded_json,
    number,
    plain,
    seconds,
    shape,
)
from minilm_unsup.report.sections import difference

# Machado, Oliveira and Fernandes 2009, table 1, severity 1.0, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def linear(hexes):
    rgb = np.array([[int(h[i : i + 2], 16) for i in (1, 3, 5)] for h in hexes]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    lms = np.cbrt(
        np.clip(rgb, 0, 1)
        @ np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                    [0.0883024619, 0.2817188376, 0.6299787005]]).T
    )  # fmt: skip
    return lms @ np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                           [0.0259040371, 0.7827717662, -0.8086757660]]).T  # fmt: skip


@pytest.mark.parametrize(("sight", "least"), [("normal", 0.06), ("protanopia", 0.035), ("deuteranopia", 0.035)])
def test_colours_can_be_told_apart(sight, least):
    # 0.02 is about a just noticeable difference of OKLab.
    seen = oklab(linear(COLOURS) @ np.array(SIGHT[sight]).T)
    apart = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))
    assert apart > least


def test_colours_stand_out_on_both_pages():
    luminance = linear(COLOURS) @ [0.2126, 0.7152, 0.0722]
    assert ((1.05 / (luminance + 0.05)) > 1.95).all()
    assert (((luminance + 0.05) / (0.0075 + 0.05)) > 1.95).all()


def test_marks_differ_for_as_many_entries_as_colours():
    marks = [(colour(k), shape(k)) for k in range(len(COLOURS))]
    assert len(set(marks)) >= 30
    assert {s for _, s in marks} == set(SHAPES)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, "0.500"), (0, "0"), (0.0, "0.000"), (12, "12"), (1234567, "1,234,567"), (1234.5, "1,234"),
        (-0.12345, "-0.123"),
        (5.308, "5.308"), (1e-7, "1e-07"), (2500000000.5, "2.5e+09"), (float("nan"), "–"),
        (None, "–"), ("text", "text"),
        (True, "yes"),
        (np.float32(0.25), "0.250"), (np.int64(7), "7"),
    ],
)  # fmt: skip
def test_numbers(value, shown):
    assert number(value) == shown


def test_counts_and_durations():
    assert [count(v) for v in (0, 1234, 1e400, None, np.int32(5))] == ["0", "1,234", "–", "–", "5"]
    assert [seconds(v) for v in (0.004, 3.14159, 12.34, 99.6, 3599.7, None)] == [
        "0.00 s", "3.14 s", "12.3 s", "1 min 40 s", "60 min 00 s", "–",
    ]  # fmt: skip


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12), st.integers(5, 9))
def test_ticks_are_few_round_and_inside(low, span, most):
    high = low + span
    marks = ticks(low, high, most)
    assert len(marks) <= most + 1
    slack = 1e-6 * max(abs(low), abs(high), span)
    assert all(low - slack <= v <= high + slack for v in marks)
    if span > 1e-6 * abs(low):  # else float64 itself is too coarse for steps
        gaps = np.diff(marks)
        assert len(gaps) >= 1
        mantissa = float(gaps[0]) / 10 ** math.floor(math.log10(gaps[0]) + 1e-9)
        assert min(abs(mantissa - m) for m in (1, 2, 5)) < 1e-3


@given(st.text(st.characters(exclude_categories=())))
def test_plain_text_is_encodable_and_keeps_what_it_can(text):
    shown = plain(text)
    shown.encode("utf-8")
    assert plain(shown) == shown
    if text.isprintable():
        assert shown == text
    assert not set(embedded_json(shown)) & set("<>&\u2028\u2029")


def test_surrogate_pairs_become_their_character():
    assert plain("\ud83d\ude00 \ud83d") == "😀 \ufffd"


@given(st.text(max_size=60), st.integers(1, 40))
def test_clip(text, length):
    short = clip(text, length)
    assert len(short) <= length
    assert (short == text) == (len(text) <= length) or short.endswith("…")


def test_where_an_excerpt_ends_is_no_change():
    assert difference("see <b>x</b> and the lo…", "see x and the longer t…") == (
        "see <del>&lt;b&gt;</del>x<del>&lt;/b&gt;</del> and the …"
    )
    assert difference("lo…", "longer…") == "<del>lo</del><ins>longer</ins>…"


@given(st.text("ab <&>汉", max_size=30), st.text("ab <&>汉", max_size=30))
def test_a_difference_holds_both_sides(before, after):
    import html
    import re

    line = difference(before, after)

    def side(gone, kept):
        text = re.sub(f"<{gone}>.*?</{gone}>", "", line)
        return html.unescape(re.sub(f"</?{kept}>", "", text)).replace("␣", " ")

    assert side("ins", "del") == before
    assert side("del", "ins") == after
