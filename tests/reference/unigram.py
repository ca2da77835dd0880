"""A unigram model of pieces as it is defined: every segmentation written out."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter

SPACE = "\u2581"


def segmentations(word, pieces):
    """All lists of pieces that make up the word."""
    if not word:
        return [[]]
    return [
        [word[:n], *rest]
        for n in range(1, len(word) + 1)
        if word[:n] in pieces
        for rest in segmentations(word[n:], pieces)
    ]


def expect(words, scores):
    """Expected uses of each piece and the log likelihood; `words`: counts, `scores`: log probabilities."""
    uses, likelihood = Counter(), 0.0
    for word, count in words.items():
        found = segmentations(word, scores)
        weights = [math.exp(math.fsum(scores[piece] for piece in parts)) for parts in found]
        for parts, weight in zip(found, weights, strict=True):
            for piece in parts:
                uses[piece] += count * weight / math.fsum(weights)
        likelihood += count * math.log(math.fsum(weights))
    return uses, likelihood


def losses(piece, scores, uses):
    """What the log likelihood loses without the piece, its uses going to the best other pieces that make it up.

    One value for each of the best, which may be several up to rounding.
    """
    others = [
        (math.fsum(scores[p] for p in parts), parts) for parts in segmentations(piece, scores) if parts != [piece]
    ]
    if not others:
        return [math.inf]
    total, most, out = sum(uses.values()), max(score for score, _ in others), []
    for score, best in others:
        if score >= most - 1e-9:
            other_total = total + uses[piece] * (len(best) - 1)
            other = sum(math.log((uses[p] + uses[piece]) / other_total) for p in best)
            if score < scores[piece] + 1e-9:
                out.append(uses[piece] * (math.log(uses[piece] / total) - other))
            if score > scores[piece] - 1e-9:
                out.append(-1)
    return out


def seeds(words, longest):
    """Substrings of 2 characters and more that occur twice or more, and of which no longer one occurs as often.

    One that has `longest` characters counts in any case.
    """
    counts = Counter()
    for word, count in words.items():
        for i in range(len(word)):
            for j in range(i + 2, len(word) + 1):
                counts[word[i:j]] += count
    followed = Counter()  # the highest count of one more character behind
    for substring, count in counts.items():
        followed[substring[:-1]] = max(followed[substring[:-1]], count)
    return {
        s: count
        for s, count in counts.items()
        if count >= 2 and len(s) <= longest and (len(s) == longest or followed[s] < count)
    }


def split(text, prefix):
    """Words: each begins with a space that becomes U+2581."""
    text = text.replace(" ", SPACE)
    if text and prefix and not text.startswith(SPACE):
        text = SPACE + text
    words = []
    for c in text:
        if c == SPACE or not words:
            words.append("")
        words[-1] += c
    return words


def kind(c):
    n = ord(c)
    if 0x4E00 <= n <= 0x9FFF or 0x3400 <= n <= 0x4DBF or 0xF900 <= n <= 0xFAFF or 0x20000 <= n <= 0x323AF:
        return "han"
    if n in (0x3005, 0x3007) or (0x3041 <= n <= 0x30FF and n != 0x30FB):
        return "han"
    return {"L": "letter", "N": "number", "M": "mark"}.get(unicodedata.category(c)[0], "other")


def training_words(text, prefix):
    """The words of a text, cut where the kind of character changes."""
    out = []
    for word in split(text, prefix):
        part, before = "", None
        for c in word:
            of_it = "space" if c == SPACE else kind(c)
            if of_it == "mark":
                of_it = "letter" if before == "space" else before or "other"
            if part and of_it != before and not (before == "space" and of_it != "han"):
                out.append(part)
                part = ""
            part += c
            before = of_it
        out.append(part)
    return [word for word in out if word]


def encode(text, pieces, prefix, unknown="<unk>", penalty=10):
    """Pieces of the best segmentation of each word; unknown neighbours as one string."""
    lowest = min(pieces.values()) - penalty
    out = []
    for word in split(text, prefix):
        best = {0: (0.0, None, None)}
        for i in range(len(word)):
            for j in range(i + 1, len(word) + 1):
                part = word[i:j]
                known = part in pieces
                if known or j == i + 1:
                    score = (pieces[part] if known else lowest) + best[i][0]
                    if j not in best or score > best[j][0]:
                        best[j] = (score, i, known and part != unknown)
        parts, at = [], len(word)
        while at > 0:
            _, start, known = best[at]
            if parts and not known and not parts[-1][1]:
                parts[-1] = (word[start:at] + parts[-1][0], False)
            else:
                parts.append((word[start:at], known))
            at = start
        out += [part for part, _ in reversed(parts)]
    return out
