"""The rules of the cleaner: each finds pieces of a text and says what stands there instead."""

from __future__ import annotations

import html as _html
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .._native import load
from .mojibake import find_mojibake
from .text_edits import Piece, apply_edits, changed_runs

__all__ = ["ALWAYS", "RULES", "WITH_LINES", "Rule", "first_difference", "marks", "tidy", "urls"]

_clean = load("clean")
marks = _clean.marks

# Bits of `marks` in kernels/clean.pyx: what a text holds that a rule would look at.
MARKUP, AT, FEED, ADDRESS, NOT_ASCII, INVISIBLE, CAPITAL, FOREIGN = (1 << bit for bit in range(8))
ALWAYS = 256  # set by the cleaner: the need of a rule that looks at every text


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes
    ----------
    name : str
    finders : tuple of functions
        Each takes the text as the one before left it and yields pieces.
    need : int
        Bits of `marks`: a text with none of them has nothing for this rule.
    faster : function, optional
        The whole rule from text to text, where there is a quicker way than by pieces.
    """

    name: str
    finders: tuple[Callable[[str], Iterable[Piece]], ...]
    need: int
    faster: Callable[[str], str] | None = None

    def __call__(self, text: str) -> str:
        """Return `text` by this rule; the same object where it changes nothing and was found by pieces."""
        if self.faster is not None:
            return self.faster(text)
        for find in self.finders:
            text = apply_edits(text, find(text))
        return text


def _each(pattern: re.Pattern[str], new: str) -> Callable[[str], Iterator[Piece]]:
    """Every match of `pattern` becomes `new`."""
    return lambda text: ((*match.span(), new) for match in pattern.finditer(text))


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
_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9:-]{0,30})")
# The elements of HTML, those of the past included.
_ELEMENT_NAMES = """
a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br
button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed
fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img
input ins isindex kbd keygen label legend li link main map mark marquee math menu menuitem meta meter nav nobr
noframes noscript object ol optgroup option output p param picture plaintext pre progress q rp rt ruby s samp script
search section select slot small source span strike strong style sub summary sup svg table tbody td template textarea
tfoot th thead time title tr track tt u ul var video wbr xmp
"""
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")

# ASCII classes and look-arounds: \b and \w know Han as word characters, and an address often stands right beside Han.
_SCHEME_BACKWARDS = re.compile(r"(?:[sS]?[pP][tT][tT][hH]|[pP][tT][fF])(?![A-Za-z0-9])")
_WWW = sorted({"".join(letters) + "." for letters in itertools.product("wW", repeat=3)})
_BEFORE_WWW, _AFTER_WWW = re.compile(r"[A-Za-z0-9.@/]"), re.compile(r"[A-Za-z0-9]")
_URL_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z~|]+")
# A host with Han in it, behind a scheme: its last label tells where it ends.
_HAN_HOST = re.compile(
    r"(?:[\u3400-\u9fffA-Za-z0-9-]{1,63}\.){1,8}(?:[A-Za-z]{2,24}|中国|中國|公司|网络|網絡|在线|网址|集团)"
)
# An e-mail address is looked for from its "@" to both sides: its first part can begin anywhere.
_LOCAL_BACKWARDS = re.compile(r"[A-Za-z0-9._%+-]{1,64}(?![A-Za-z0-9._%+-])")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])")

# Lines of a text with a line feed before it; a literal first makes the search many times faster than "^" does.
_SIGNATURE = re.compile(r"\n-- ?(?=\n|\Z)[\s\S]*")
_QUOTED = re.compile(r"\n[ \t]{0,3}[>|].*")
_RULING = re.compile(r"\n[ \t]*[-=_*#~+.]{4,}[ \t]*(?=\n|\Z)")
_UUENCODED = re.compile(r"\nM[\x20-\x60]{60}[ \t]*(?=\n|\Z)")
_BASE64 = re.compile(r"\n[A-Za-z0-9+/]{60,}={0,2}[ \t]*(?=\n|\Z)")

_DIGITS = re.compile(r"[0-9]+")


# A combining sequence: what stands before one of these characters may become one character with it.
_JAMO = range(0x1160, 0x1200)
_SIGNS_AS_LETTERS = range(0x16D63, 0x16D6B)  # Kirat Rai vowels, Unicode 16


def _joins_before(c: str) -> bool:
    return unicodedata.category(c)[0] == "M" or ord(c) in _JAMO or ord(c) in _SIGNS_AS_LETTERS


def _sequences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each combining sequence: canonical forms of texts are made of theirs."""
    start = 0
    for i in range(1, len(text)):
        if text[i] > "\x7f" and _joins_before(text[i]):
            continue
        yield start, i
        start = i
    if text:
        yield start, len(text)


def _by_sequences(text: str, rewrite: Callable[[str], str]) -> list[Piece]:
    """The sequences that `rewrite` changes; the whole text where it does not act on each alone."""
    pieces = [(a, b, rewrite(text[a:b])) for a, b in _sequences(text)]
    whole = rewrite(text)
    if "".join(new for _, _, new in pieces) != whole:
        return [(0, len(text), whole)]
    return [piece for piece in pieces if text[piece[0] : piece[1]] != piece[2]]


def _fold(text: str) -> list[Piece]:
    """Full-width forms folded, what is not seen dropped."""
    sources = np.empty(len(text), dtype=np.int64)
    folded = _clean.fold_characters(text, _FOLD_AND_STRIP, sources)
    if folded is text:
        return []
    kept = sources[: len(folded)]
    dropped = np.ones(len(text), dtype=bool)
    dropped[kept] = False
    stays = "".join(text[i] for i in kept.tolist())
    changed = [
        (int(kept[a + i]), int(kept[a + i]) + 1, new[i])
        for a, b, new in changed_runs(stays, folded)
        for i in range(b - a)
    ]
    return sorted([(i, i + 1, "") for i in np.flatnonzero(dropped).tolist()] + changed)


def _compose(text: str) -> list[Piece]:
    if unicodedata.is_normalized("NFC", text):
        return []
    return _by_sequences(text, lambda part: unicodedata.normalize("NFC", part))


def _unicode(text: str) -> str:
    folded = _clean.fold_characters(text, _FOLD_AND_STRIP)
    if not marks(folded) & FOREIGN or unicodedata.is_normalized("NFC", folded):
        return folded
    return unicodedata.normalize("NFC", folded)


def _between(first: re.Pattern[str], last: re.Pattern[str]) -> Callable[[str], Iterator[Piece]]:
    """All from each match of `first` to the next of `last` becomes a space.

    A first without a last ends the search, so that the time is linear whatever the text (``first.*?last`` is not).
    """

    def find(text: str) -> Iterator[Piece]:
        at = 0
        while (start := first.search(text, at)) and (end := last.search(text, start.end())):
            yield start.start(), end.end(), " "
            at = end.end()

    return find


def _is_html(tag: str) -> bool:
    """Whether a tag is of HTML, or of XML by its attributes or its name; <vector> and <name> are words in brackets."""
    name = _NAME.match(tag)
    return name is None or name[1].lower() in _ELEMENTS or "=" in tag or "-" in name[1] or ":" in name[1]


def _tags(text: str) -> Iterator[Piece]:
    for match in _TAG.finditer(text):
        if _is_html(match[0]):
            # A tag that ends a block parts words; one inside a word (<b>) does not.
            yield *match.span(), "\n" if _BREAKS.match(match[0]) else ""


def _entities(text: str) -> Iterator[Piece]:
    for match in _ENTITY.finditer(text):
        if (new := _html.unescape(match[0])) != match[0]:
            yield *match.span(), new.replace("\ufffd", "")  # a number that is no character's


# What a text must hold for each to have something to do.
_MARKUP = (
    *(("</", _between(*pair)) for pair in _BODIES),
    ("<!--", _between(*_COMMENT)),
    ("<", _tags),
    ("&", _entities),
)


def _without_markup(text: str) -> str:
    for hint, find in _MARKUP:
        if hint in text:
            text = apply_edits(text, find(text))
    return text


def _in_several_lines(pattern: re.Pattern[str]) -> Callable[[str], Iterator[Piece]]:
    """Every line that matches `pattern` goes with its end, in texts of several lines; no signature in the first."""

    def find(text: str) -> Iterator[Piece]:
        n = len(text)
        for match in pattern.finditer("\n" + text, pattern is _SIGNATURE) if "\n" in text else ():
            start, end = match.span()
            yield start, end if end < n else n, ""

    return find


# In the order of the bits of `line_marks`.
_LINES = tuple(map(_in_several_lines, (_SIGNATURE, _QUOTED, _RULING, _UUENCODED, _BASE64)))


def _quoting(text: str) -> str:
    # Lines only go, so that none gets a mark that it had not before.
    found = _clean.line_marks(text) if "\n" in text else 0
    if found:
        for bit, find in enumerate(_LINES):
            if found >> bit & 1:
                text = apply_edits(text, find(text))
    return text


def _find_urls(text: str) -> Iterator[Piece]:
    """Web addresses, looked for from their "://" or "www."."""
    starts = []
    at = text.find("://")
    while at >= 0:
        scheme = _SCHEME_BACKWARDS.match(text[max(at - 6, 0) : at][::-1])
        if scheme:
            starts.append((at - scheme.end(), at + 3))
        at = text.find("://", at + 3)
    for www in _WWW:
        at = text.find(www)
        while at >= 0:
            if not _BEFORE_WWW.match(text[at - 1 : at]) and _AFTER_WWW.match(text[at + 4 : at + 5]):
                starts.append((at, at + 4))
            at = text.find(www, at + 4)
    copied = 0
    for start, behind in sorted(starts):
        if start < copied:
            continue
        host = _HAN_HOST.match(text, behind) if text[behind : behind + 1] > "\x7f" else None
        rest = _URL_CHARACTERS.match(text, host.end() if host else behind) or host
        if rest:
            copied = rest.end()
            yield start, copied, " "


def _addresses(text: str) -> Iterator[Piece]:
    at = text.find("@")
    copied = 0
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1)
        local = _LOCAL_BACKWARDS.match(text[max(copied, at - 65) : at][::-1]) if domain else None
        if domain is None or local is None:
            at = text.find("@", at + 1)
            continue
        yield at - local.end(), domain.end(), " "
        copied = domain.end()
        at = text.find("@", copied)


# ASCII neither joins what stands before it nor changes, so that a text can be cut before each of its characters.
_NOT_ASCII = re.compile("[\x00-\x7f]?[^\x00-\x7f]+")


def _without_accents(text: str) -> str:
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


_short_without_accents = lru_cache(1 << 14)(_without_accents)


def _accents(text: str) -> str:
    """Drop the accents of Latin, Greek and Cyrillic letters; marks of other scripts spell words and stay."""
    return _NOT_ASCII.sub(lambda m: (_without_accents if len(m[0]) > 8 else _short_without_accents)(m[0]), text)


class _Blanks(dict):
    """Code point to space for punctuation and symbols, to itself for all else; filled as characters are met."""

    def __missing__(self, code: int) -> int:
        self[code] = 0x20 if unicodedata.category(chr(code))[0] in "PS" else code
        return self[code]


_BLANKS = _Blanks()


def _punctuation(text: str) -> str:
    return text.translate(_BLANKS)


def _lower(text: str) -> list[Piece]:
    low = text.lower()
    if len(low) == len(text):
        return changed_runs(text, low)
    # İ becomes two characters. From the whole, since a sigma is another one at the end of a word.
    ends = list(itertools.accumulate(len(c.lower()) for c in text))
    parts = [low[a:b] for a, b in itertools.pairwise([0, *ends])]
    return [(i, i + 1, new) for i, new in enumerate(parts) if new != text[i]]


def _spaces(text: str, lines: bool = False) -> Iterator[Piece]:
    for match in _SPACE.finditer(text):
        feeds = match[0].count("\n") if lines else 0
        new = "" if match.start() == 0 or match.end() == len(text) else "\n" * min(feeds, 2) or " "
        if new != match[0]:
            yield *match.span(), new


_SPACE = re.compile(r"\s+")


def urls(text: str) -> str:
    """Drop web addresses."""
    return RULES["urls"](text)


# In the order in which they run.
RULES = {
    rule.name: rule
    for rule in (
        Rule("mojibake", (find_mojibake,), FOREIGN),
        Rule("unicode", (_fold, _compose), NOT_ASCII | INVISIBLE, _unicode),
        Rule("html", tuple(find for _, find in _MARKUP), MARKUP, _without_markup),
        Rule("quoting", _LINES, FEED, _quoting),
        Rule("urls", (_find_urls,), ADDRESS),
        Rule("emails", (_addresses,), AT),
        Rule("accents", (lambda text: _by_sequences(text, _without_accents),), FOREIGN, _accents),
        Rule("punctuation", (lambda text: changed_runs(text, _punctuation(text)),), ALWAYS, _punctuation),
        Rule("digits", (_each(_DIGITS, "0"),), ALWAYS, lambda text: _DIGITS.sub("0", text)),
        Rule("lowercase", (_lower,), CAPITAL | FOREIGN, str.lower),
        Rule("whitespace", (_spaces,), ALWAYS, lambda text: _clean.collapse_space(text, False)),
    )
}
WITH_LINES = Rule(
    "whitespace", (lambda text: _spaces(text, lines=True),), ALWAYS, lambda text: _clean.collapse_space(text, True)
)

# What `tidy` does in one pass, and rules that have nothing to do in the texts it takes.
_TIDY = {"unicode": 1, "lowercase": 4, "whitespace": 8}
_MARKED = {"mojibake", "html", "quoting", "urls", "emails", "accents"}


def tidy(texts: list[str], steps: Iterable[Rule]) -> list[str | None]:
    """Return each text as `steps` leave it; None where they have to be taken one by one."""
    flags = 0
    for rule in steps:
        if rule.name not in _TIDY and rule.name not in _MARKED:
            return [None] * len(texts)
        flags |= _TIDY.get(rule.name, 0)
    return _clean.tidy(texts, flags)


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
