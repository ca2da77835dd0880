"""Byte-pair encoding as it is defined: pieces by one regular expression, merges one by one, counts from scratch."""

from __future__ import annotations

import itertools
import re
import sys
import unicodedata
from collections import Counter


def _ranges(*categories):
    """A character class of the code points of general categories, by the interpreter's own tables."""
    out, first = [], None
    for c in range(sys.maxunicode + 2):
        inside = c <= sys.maxunicode and unicodedata.category(chr(c)).startswith(categories)
        if inside and first is None:
            first = c
        elif not inside and first is not None:
            out.append(f"\\U{first:08x}-\\U{c - 1:08x}")
            first = None
    return "".join(out)


LETTERS, NUMBERS = _ranges("L"), _ranges("N")
SPACES = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
L, N, S = (f"[{ranges}]" for ranges in (LETTERS, NUMBERS, SPACES))
ENDING = r"'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])"
BEFORE = rf"[^\r\n{LETTERS}{NUMBERS}]?"
UPPER, LOWER = f"[{_ranges('Lu', 'Lt', 'Lm', 'Lo', 'M')}]", f"[{_ranges('Ll', 'Lm', 'Lo', 'M')}]"
SPACE_PIECES = rf"{S}*[\r\n]+|{S}+(?![^{SPACES}])|{S}+"
PATTERNS = {
    "gpt2": rf"'s|'t|'re|'ve|'m|'ll|'d| ?{L}+| ?{N}+| ?[^{SPACES}{LETTERS}{NUMBERS}]+|{S}+(?![^{SPACES}])|{S}+",
    "gpt4": rf"{ENDING}|{BEFORE}{L}+|{N}{{1,3}}| ?[^{SPACES}{LETTERS}{NUMBERS}]+[\r\n]*|{SPACE_PIECES}",
    "qwen2": rf"{ENDING}|{BEFORE}{L}+|{N}| ?[^{SPACES}{LETTERS}{NUMBERS}]+[\r\n]*|{SPACE_PIECES}",
    "o200k": (
        rf"{BEFORE}{UPPER}*{LOWER}+(?:{ENDING})?|{BEFORE}{UPPER}+{LOWER}*(?:{ENDING})?|{N}{{1,3}}"
        rf"| ?[^{SPACES}{LETTERS}{NUMBERS}]+[\r\n/]*|{SPACE_PIECES}"
    ),
    "none": r"(?s:.+)",
}


def pieces(text, pattern):
    """The pieces of a text as bytes; together they are the text."""
    return [match[0].encode() for match in re.finditer(PATTERNS[pattern], text)]


def merge(parts, pair):
    """Join each occurrence of the pair, from the left."""
    out, i = [], 0
    while i < len(parts):
        if tuple(parts[i : i + 2]) == pair:
            out.append(parts[i] + parts[i + 1])
            i += 2
        else:
            out.append(parts[i])
            i += 1
    return out


def encode(text, pattern, merges):
    """The tokens of a text, as bytes, under merges: pairs of bytes in the order of their rank."""
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    out = []
    for piece in pieces(text, pattern):
        parts = [piece[i : i + 1] for i in range(len(piece))]
        while True:
            known = [pair for pair in itertools.pairwise(parts) if pair in ranks]
            if not known:
                break
            parts = merge(parts, min(known, key=ranks.__getitem__))
        out += parts
    return out


def train(texts, pattern, n_merges, least, id_of):
    """Merges by rank: the most frequent pair, of equally frequent ones that of lower ids; `id_of`: of the bytes."""
    words = Counter(piece for text in texts for piece in pieces(text, pattern))
    split = {word: [word[i : i + 1] for i in range(len(word))] for word in words}
    ids = {bytes((byte,)): i for byte, i in id_of.items()}
    merges = []
    while len(merges) < n_merges:
        counts = Counter()
        for word, count in words.items():
            for pair in itertools.pairwise(split[word]):
                counts[pair] += count
        frequent = [pair for pair, count in counts.items() if count >= least]
        if not frequent:
            break
        best = min(frequent, key=lambda pair: (-counts[pair], ids[pair[0]], ids[pair[1]]))
        merges.append(best)
        ids.setdefault(best[0] + best[1], len(ids))
        split = {word: merge(parts, best) for word, parts in split.items()}
    return merges
