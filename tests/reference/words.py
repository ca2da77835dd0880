"""The rule for words as one regular expression over a string of character classes, and its counts as dictionaries."""

from __future__ import annotations

import re
import unicodedata

HAN = [(0x3005, 0x3005), (0x3007, 0x3007), (0x3041, 0x3096), (0x309D, 0x309F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF)]
HAN += [(0xF900, 0xFAFF), (0x20000, 0x323AF)]
KANA = [(0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)]
MARK = "\u0301"

# Codes: ASCII letters stand for themselves, x and X for other letters (X where lower case differs), 0 for any number,
# U+0301 for a mark, 汉 and ア for the two scripts, joiners for themselves, ! for other punctuation, space for the rest.
INNER = f"[A-Za-z0{MARK}]"
PART = f"[A-Za-z0]{INNER}*"
JOINER = f"""
    _+ (?=[A-Za-z0])
  | (?<!0) ' (?=[A-Za-z]) (?![sS](?!{INNER}))
  | (?<=0) \\. (?=0)
  | (?<!0) \\. (?=[a-z])
  | (?<=(?<!{INNER})[A-Za-z]) \\. (?=[A-Za-z])
  | (?<=0) , (?=000(?!{INNER}))
"""
WORD = re.compile(
    f"""
    (?P<elision> (?:[cdjlmnstCDJLMNST]|[qQ][uU]) (?='[A-Za-z][A-Za-z]) )
  | (?P<sharp> [A-Za-z]\\# (?!{INNER}|\\#) )
  | (?P<word> {PART} (?: (?:{JOINER}) {PART} )* (?: (?<!0)\\+\\+(?!\\+) )? ) (?: (?<!0)(?<!\\+) '[sS](?!{INNER}) )?
  | (?P<kana> ア+ )
  | (?P<han> 汉+ )
  | (?P<mark> [!_'.,+\\#] )
    """,
    re.VERBOSE,
)


def _within(c, ranges):
    return any(first <= ord(c) <= last for first, last in ranges)


def _narrow(c, fold_width):
    return chr(ord(c) - 0xFEE0) if fold_width and 0xFF01 <= ord(c) <= 0xFF5E else c


def codes(text, fold_width=True, breaks=""):
    out = []
    for c in text:
        category = unicodedata.category(c)
        narrow = _narrow(c, fold_width)
        if c in breaks:
            code = " "
        elif _within(c, HAN):
            code = "汉"
        elif _within(c, KANA):
            code = "ア"
        elif category[0] == "M" or c in "\u200c\u200d":
            before = out[-1] if out else " "
            code = MARK if re.match(INNER, before) else "ア" if before == "ア" else " "
        elif category[0] == "N":
            code = "0"
        elif category[0] == "L":
            code = narrow if narrow.isascii() else "x" if c.lower() == c else "X"
        elif category[0] in "PS":
            code = "'" if narrow == "’" else narrow if narrow in "_'.,+#" else "!"
        else:
            code = " "
        out.append(code)
    return "".join(out)


def fold(piece, lowercase, fold_width):
    out = []
    for c in piece:
        c = _narrow(c, fold_width)
        if c == "’":
            c = "'"
        if lowercase:
            c = c.lower()[0]  # U+0130 becomes two characters: the first is the letter
            c = "σ" if c == "ς" else c
        out.append(c)
    return "".join(out)


def words(
    text,
    *,
    lowercase=True,
    han="bigrams",
    breaks="",
    fold_width=True,
    min_length=1,
    keep_numbers=True,
    punctuation=False,
):
    """List of (token, start, end)."""
    coded = codes(text, fold_width, breaks)
    spans = []
    for match in WORD.finditer(coded):
        kind = match.lastgroup
        start, end = match.span(kind)
        if kind == "mark" or (kind == "han" and han == "runs"):
            if kind == "han" or punctuation:
                spans.append((start, end))
        elif kind == "han":
            for i in range(start, end):
                alone = end - start == 1
                if han in ("chars", "unigrams+bigrams") or alone:
                    spans.append((i, i + 1))
                if han in ("bigrams", "unigrams+bigrams") and i + 1 < end:
                    spans.append((i, i + 2))
        else:
            number = kind != "kana" and not re.search("[A-Za-z]", coded[start:end])
            if end - start >= min_length and (keep_numbers or not number):
                spans.append((start, end))
    return [(fold(text[a:b], lowercase, fold_width), a, b) for a, b in spans]


def word_characters(text, *, lowercase=True, min_length=1):
    """Maximal runs of word characters, as Python's re sees them."""
    return [t for t in re.findall(r"\w+", text.lower() if lowercase else text) if len(t) >= min_length]
