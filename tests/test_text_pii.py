from __future__ import annotations

import random
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import PIIScrubber
from minilm_unsup.text import pii_checks
from minilm_unsup.text.pii_patterns import KINDS
from tests.reference import pii

near = st.sampled_from(
    [*"0123456789 -.:@/+abXx中电话，（）\u200b", "www.", "http://", "13800138000", "１３", "＠", "京A", "::"]
)
texts_any = st.lists(st.one_of(near, near, st.characters()), max_size=30).map("".join)
languages, hows = st.sampled_from(["en", "zh"]), st.sampled_from(["plain", "wide", "zero-width"])


@given(texts_any, st.sampled_from(["mask", "drop", "pseudonym"]))
def test_nothing_but_the_finds_is_changed(text, action):
    scrubber = PIIScrubber(action=action, key="k")
    matches = scrubber.find(text)
    at, rest = 0, []
    for match in matches:
        assert at <= match.start < match.end <= len(text)
        assert match.text == text[match.start : match.end]
        rest.append(text[at : match.start])
        at = match.end
    rest.append(text[at:])
    out = scrubber.scrub(text)
    if action == "drop":
        assert out == "".join(rest)
    at = 0
    for part in rest:
        at = out.index(part, at) + len(part)
    assert (out == text) == (not matches)


@given(st.integers(0, 2**32), languages, hows, st.sampled_from(["mask", "pseudonym"]))
def test_what_was_scrubbed_stays_so(seed, language, how, action):
    text, spans = pii.sentence(random.Random(seed), language, how)
    scrubber = PIIScrubber(action=action, key="k")
    once = scrubber.scrub(text)
    assert scrubber.scrub(once) == once
    for _, start, end in spans:
        assert text[start:end] not in once


@given(st.integers(0, 2**32), st.sampled_from(sorted(pii.MAKERS)), languages)
def test_one_value_has_one_name_however_it_is_written(seed, kind, language):
    rng = random.Random(seed)
    made = pii.MAKERS[kind](rng)
    before = f"{pii.BANK[language][0]}" if kind == "bank_card" else "x "
    scrubber = PIIScrubber(action="pseudonym", key="one")
    names = {scrubber.scrub(before + pii.disguise(rng, made, how) + " y") for how in ("plain", "wide", "zero-width")}
    if kind == "email":
        names.add(scrubber.scrub(f"{before}{made.upper()} y"))
    assert len(names) == 1
    assert PIIScrubber(action="pseudonym", key="two").scrub(f"{before}{made} y") not in names


@pytest.mark.parametrize("how", ["plain", "wide", "zero-width"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_recall_and_precision_on_made_text(language, how):
    rng, scrubber = random.Random(0), PIIScrubber()
    right, found, true = Counter(), Counter(), Counter()
    for _ in range(2000):
        text, spans = pii.sentence(rng, language, how)
        matches = {(match.kind, match.start, match.end) for match in scrubber.find(text)}
        right.update(kind for kind, _, _ in matches & set(spans))
        found.update(kind for kind, _, _ in matches)
        true.update(kind for kind, _, _ in spans)
    for kind in KINDS:
        assert true[kind] > 100
        assert right[kind] >= 0.99 * true[kind], (kind, right[kind], true[kind])
        assert right[kind] >= 0.99 * found[kind], (kind, right[kind], found[kind])


@given(st.integers(0, 2**32))
def test_check_digits(seed):
    rng = random.Random(seed)
    digits = pii.some(rng, pii.DIGITS, rng.randint(1, 18))
    good = digits + pii.luhn_digit(digits)
    assert pii_checks.luhn_is_valid(good)
    for name, check in (("cn_id", pii_checks.id_is_valid), ("cn_uscc", pii_checks.uscc_is_valid)):
        number = pii.MAKERS[name](rng)
        assert check(number)
        at = rng.randrange(6, len(number) - 2)
        other = rng.choice([c for c in pii.DIGITS if c != number[at]])
        assert not check(number[:at] + other + number[at + 1 :])  # every wrong digit is told
    at = rng.randrange(len(good))
    assert not pii_checks.luhn_is_valid(good[:at] + str((int(good[at]) + rng.randint(1, 9)) % 10) + good[at + 1 :])
    iban = pii.iban(rng).replace(" ", "")
    assert pii_checks.iban_is_valid(iban)
    at = rng.choice([i for i in range(4, len(iban)) if iban[i].isdigit()])
    other = rng.choice([c for c in pii.DIGITS if c != iban[at]])
    assert not pii_checks.iban_is_valid(iban[:at] + other + iban[at + 1 :])


@pytest.mark.parametrize(
    "text, expected",
    [
        ("电话13800138000谢谢", [("cn_mobile", "13800138000")]),
        ("邮箱a.bc@x.com,", [("email", "a.bc@x.com")]),
        ("订单号13800138000", []),
        ("订单电话13800138000", [("cn_mobile", "13800138000")]),
        ("GB82 WEST 1234 5698 7654 32 and more", [("iban", "GB82 WEST 1234 5698 7654 32")]),
        ("see (http://a.com/x(y)), or", [("url", "http://a.com/x(y)")]),
        ("a@b.com.", [("email", "a@b.com")]),
        ("卡号 4111 1111 1111 1111 2024年", []),
        ("4111111111111111 2024年", [("credit_card", "4111111111111111")]),
        ("version 1.2.3.4 of 10.0.0.1", [("ipv4", "10.0.0.1")]),
        ("1.2.3.4.5 12:30:45 std::vector", []),
        ("资料：fe80::1。", [("ipv6", "fe80::1")]),
        ("粤BD12345 京A·12345", [("cn_plate", "粤BD12345"), ("cn_plate", "京A·12345")]),
        ("٠١٢٣٤٥٦٧٨٩ 138٠٠138٠٠٠", []),
    ],
)
def test_where_rules_meet(text, expected):
    assert [(match.kind, match.text) for match in PIIScrubber().find(text)] == expected


def test_kinds_and_report():
    texts = ["a@b.com 13800138000", "none", "c@d.org"]
    scrubbed, report = PIIScrubber(["email"]).scrub_batch(texts)
    assert scrubbed == ["[EMAIL] 13800138000", "none", "[EMAIL]"]
    assert report.to_dict() == {"n_texts": 3, "n_edited": 2, "counts": {"email": 2}}
    assert PIIScrubber().fit_transform(texts)[0] == "[EMAIL] [CN_MOBILE]"
    assert PIIScrubber([]).transform(texts) == texts


def test_bad_input_is_named():
    with pytest.raises(TypeError, match="text must be a string, got bytes"):
        PIIScrubber().find(b"a")
    with pytest.raises(TypeError, match="texts"):
        PIIScrubber().transform("a")
    with pytest.raises(ValueError, match="kinds must be one of"):
        PIIScrubber(["name"]).find("a")
    with pytest.raises(TypeError, match="kinds must be a list of strings"):
        PIIScrubber("email").find("a")
    with pytest.raises(ValueError, match="action must be one of"):
        PIIScrubber(action="hide").find("a")
    with pytest.raises(ValueError, match="key must not be empty"):
        PIIScrubber(action="pseudonym").find("a")
    assert PIIScrubber().scrub("\ud800 a@b.com \0") == "\ud800 [EMAIL] \0"


@pytest.mark.parametrize(
    "unit",
    ["a", "1", "1 ", "a@", "a.", ":", "::", "1:", "http://", "http://a.b(", "+1 ", "京A", "0-", "１\u200b", "ab12 "],
)
def test_time_is_linear_in_a_repeated_text(unit):
    scrubber = PIIScrubber()
    seconds = {}
    for n in (1 << 12, 1 << 15):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            scrubber.find(unit * n)
            times.append(time.perf_counter() - start)
        seconds[n] = min(times)
    # 8 times the text; a quadratic search would take 64 times as long, a machine that is busy perhaps twice.
    assert seconds[1 << 15] < 32 * seconds[1 << 12] + 0.05


@pytest.mark.parametrize("number", ["+86 138 0013 8000", "+8613800138000", "0086-138-0013-8000", "86 13800138000"])
def test_a_mobile_with_its_country_is_a_mobile(number):
    assert PIIScrubber().scrub(f"call {number} now") == "call [CN_MOBILE] now"
