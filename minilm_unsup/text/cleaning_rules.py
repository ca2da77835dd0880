"""The rules of the cleaner: each a function from text to text that gives the same object back where it does nothing.

A cheap look for the characters a rule needs comes first, so that clean text costs next to nothing.
"""

from __future__ import annotations

import difflib
import html as _html
import re
import unicodedata
from collections.abc import Iterator

from .._native import load

__all__ = [
    "accents",
    "differences",
    "digits",
    "emails",
    "first_difference",
    "html",
    "lowercase",
    "punctuation",
    "quoting",
    "unicode",
    "urls",
    "whitespace",
    "whitespace_with_lines",
]

_clean = load("clean")

_FOLD_AND_STRIP = 3

# Bodies that are no text; an end tag that is missing takes nothing with it.
_BODIES = (
    (re.compile(r"<script\b[^<>]{0,1000}>", re.I), re.compile(r"</script\s{0,20}>", re.I)),
    (re.compile(r"<style\b[^<>]{0,1000}>", re.I), re.compile(r"</style\s{0,20}>", re.I)),
)
_COMMENT = (re.compile("<!--"), re.compile("-->"))
# A tag begins with a letter right after the bracket; "a < b" and "x <y" without an end within reach are none.
_TAG = re.compile(r"<(?:/?[A-Za-z][A-Za-z0-9:-]{0,30}(?:\s[^<>]{0,2000})?/?|!DOCTYPE[^<>]{0,500})>")
_BREAKS = re.compile(r"^</?(?:p|div|br|li|tr|td|th|h[1-6]|ul|ol|table|pre|blockquote|section|article|!doctype)\b", re.I)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")

# ASCII classes and look-arounds: \b and \w know Han as word characters, and an address often stands right beside Han.
_URL = re.compile(
    r"(?:(?<![A-Za-z0-9])(?:https?|ftp)://|(?<![A-Za-z0-9.@/])www\.(?=[A-Za-z0-9]))[!#-;=?-\[\]_a-z~|]+", re.I
)
# An e-mail address is looked for from its "@" to both sides: its first part can begin anywhere.
_LOCAL_BACKWARDS = re.compile(r"[A-Za-z0-9._%+-]{1,64}(?![A-Za-z0-9._%+-])")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])")

_SIGNATURE = re.compile(r"^-- ?$.*\Z", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"^[ \t]{0,3}(?:>|\|).*(?:\n|\Z)", re.MULTILINE)
_RULING = re.compile(r"^[ \t]*[-=_*#~+.]{4,}[ \t]*(?:\n|\Z)", re.MULTILINE)
_UUENCODED = re.compile(r"^M[\x20-\x60]{60}[ \t]*(?:\n|\Z)", re.MULTILINE)
_BASE64 = re.compile(r"^[A-Za-z0-9+/]{60,}={0,2}[ \t]*(?:\n|\Z)", re.MULTILINE)

_DIGITS = re.compile(r"[0-9]+")


def unicode(text: str) -> str:
    """Compose, fold full-width forms, drop what is not seen."""
    folded = _clean.fold_characters(text, _FOLD_AND_STRIP)
    if folded.isascii() or unicodedata.is_normalized("NFC", folded):
        return folded
    return unicodedata.normalize("NFC", folded)


def _drop_between(text: str, first: re.Pattern[str], last: re.Pattern[str]) -> str:
    """Put a space for all from each match of `first` to the next of `last`.

    A first without a last ends the search, so that the time is linear whatever the text (``first.*?last`` is not).
    """
    out: list[str] = []
    copied = 0
    while (start := first.search(text, copied)) and (end := last.search(text, start.end())):
        out += (text[copied : start.start()], " ")
        copied = end.end()
    return "".join((*out, text[copied:])) if out else text


def html(text: str) -> str:
    """Drop markup and resolve entities."""
    if "<" in text:
        if "</" in text:
            for first, last in _BODIES:
                text = _drop_between(text, first, last)
        if "<!--" in text:
            text = _drop_between(text, *_COMMENT)
        # A tag that ends a block parts words; one inside a word (<b>) does not.
        text = _TAG.sub(lambda m: "\n" if _BREAKS.match(m[0]) else "", text)
    if "&" in text:
        text = _ENTITY.sub(lambda m: _html.unescape(m[0]), text)
    return text


def quoting(text: str) -> str:
    """Drop quoted lines, rulings, encoded files and the signature of a text of several lines."""
    if "\n" not in text:
        return text
    if "\n--" in text:
        text = _SIGNATURE.sub("", text)
    if ">" in text or "|" in text:
        text = _QUOTED.sub("", text)
    text = _RULING.sub("", text)
    if "\nM" in text:
        text = _UUENCODED.sub("", text)
    return _BASE64.sub("", text)


def urls(text: str) -> str:
    """Drop web addresses."""
    return _URL.sub(" ", text) if "." in text else text


def emails(text: str) -> str:
    """Drop e-mail addresses."""
    at = text.find("@")
    if at < 0:
        return text
    out: list[str] = []
    copied = 0
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1)
        local = _LOCAL_BACKWARDS.match(text[max(copied, at - 65) : at][::-1]) if domain else None
        if domain is None or local is None:
            at = text.find("@", at + 1)
            continue
        out += (text[copied : at - local.end()], " ")
        copied = domain.end()
        at = text.find("@", copied)
    return "".join((*out, text[copied:])) if out else text


def accents(text: str) -> str:
    """Drop the accents of Latin, Greek and Cyrillic letters; marks of other scripts spell words and stay."""
    if text.isascii():
        return text
    out = []
    plain = False
    for c in unicodedata.normalize("NFD", text):
        if unicodedata.combining(c):
            if plain:
                continue
        else:
            plain = c < "\u0530" or "\u1e00" <= c < "\u2000"
        out.append(c)
    return unicodedata.normalize("NFC", "".join(out))


class _Blanks(dict):
    """Code point to space for punctuation and symbols, to itself for all else; filled as characters are met."""

    def __missing__(self, code: int) -> int:
        self[code] = 0x20 if unicodedata.category(chr(code))[0] in "PS" else code
        return self[code]


_BLANKS = _Blanks()


def punctuation(text: str) -> str:
    """Replace punctuation and symbols by spaces."""
    return text.translate(_BLANKS)


def digits(text: str) -> str:
    """Replace runs of digits by 0."""
    return _DIGITS.sub("0", text)


def lowercase(text: str) -> str:
    """Lower-case every letter that has a case."""
    return text.lower()


def whitespace(text: str) -> str:
    """One space for each run of white space."""
    return _clean.collapse_space(text, False)


def whitespace_with_lines(text: str) -> str:
    """One space for each run of white space; line feeds stay, at most two in a row."""
    return _clean.collapse_space(text, True)


# Bits of kernels/clean.pyx `marks`: what a text holds that a rule would look at.
MARKUP, AT, FEED, ADDRESS, NOT_ASCII, INVISIBLE = 1, 2, 4, 8, 16, 32
ALWAYS = 64  # set by the cleaner: the need of a rule that looks at every text
NEEDS = {
    "unicode": NOT_ASCII | INVISIBLE,
    "html": MARKUP,
    "quoting": FEED,
    "urls": ADDRESS,
    "emails": AT,
    "accents": NOT_ASCII,
}
marks = _clean.marks


def first_difference(before: str, after: str) -> int:
    """Where two texts first differ; the length of the shorter one where it begins the other."""
    low, high = 0, min(len(before), len(after))
    while low < high:
        middle = (low + high + 1) // 2
        if before[low:middle] == after[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def differences(before: str, after: str) -> Iterator[tuple[int, int, str, str]]:
    """Pieces ``(start, end, old, new)`` that turn `before` into `after`."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind != "equal":
            yield i, j, before[i:j], after[k:m]
