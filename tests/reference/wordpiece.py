"""WordPiece as BERT defines it, a character at a time with the interpreter's own Unicode tables.

For characters whose category has not changed since Unicode 8 and whose marks are all nonspacing, so that none is both
kept and reordered.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter

HAN = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF))


def is_han(c):
    return any(a <= ord(c) <= b for a, b in HAN)


def is_punctuation(c):
    return (c.isascii() and c.isprintable() and not c.isalnum() and c != " ") or unicodedata.category(c)[0] == "P"


def words(text, *, clean=True, split_han=True, strip=True, lower=True):
    """Lists of (character, place in the text) for each word."""
    out, word = [], []

    def end():
        if word:
            out.append(word[:])
            word.clear()

    for i, c in enumerate(text):
        if c not in "\t\n\r" and (c == "\ufffd" or unicodedata.category(c)[0] == "C") and (clean or c == ""):
            continue
        if c.isspace() and not "\x1c" <= c <= "\x1f":  # of which str.isspace alone thinks so
            end()
            continue
        apart = split_han and is_han(c)
        if apart:
            end()
        parts = unicodedata.normalize("NFD", c) if strip else c
        for part in parts:
            if strip and unicodedata.category(part) == "Mn":
                continue
            for folded in part.lower() if lower else part:
                if is_punctuation(folded):
                    end()
                    word.append((folded, i))
                    end()
                else:
                    word.append((folded, i))
        if apart:
            end()
    end()
    return out


def encode(text, vocabulary, *, prefix="##", unknown="[UNK]", longest=100, **options):
    """Tokens with start and end; the longest token of the vocabulary first, an unknown word as a whole."""
    out = []
    for word in words(text, **options):
        spelled = "".join(c for c, _ in word)
        pieces, at = [], 0
        while at < len(word) and len(word) <= longest:
            for stop in range(len(word), at, -1):
                token = prefix * (at > 0) + spelled[at:stop]
                if token in vocabulary:
                    pieces.append((token, word[at][1], word[stop - 1][1] + 1))
                    at = stop
                    break
            else:
                break
        out += pieces if at == len(word) else [(unknown, word[0][1], word[-1][1] + 1)]
    return out


def train(texts, n_merges, least, prefix="##"):
    """The characters of the words, then what merges make, in order; counts anew before each merge."""
    counted = Counter("".join(c for c, _ in word) for text in texts for word in words(text))
    characters = sorted({c for word in counted for c in word})
    tails = sorted({c for word in counted for c in word[1:]})
    ids = {token: i for i, token in enumerate([*characters, *(prefix + c for c in tails)])}
    split = {word: [word[0], *(prefix + c for c in word[1:])] for word in counted}
    for _ in range(n_merges):
        counts = Counter()
        for word, count in counted.items():
            for pair in itertools.pairwise(split[word]):
                counts[pair] += count
        frequent = [pair for pair, count in counts.items() if count >= least]
        if not frequent:
            break
        best = min(frequent, key=lambda pair: (-counts[pair], ids[pair[0]], ids[pair[1]]))
        made = best[0] + best[1].removeprefix(prefix)
        ids[made] = len(ids)
        for word, parts in split.items():
            merged, i = [], 0
            while i < len(parts):
                both = tuple(parts[i : i + 2]) == best
                merged.append(made if both else parts[i])
                i += 1 + both
            split[word] = merged
    return list(ids)
