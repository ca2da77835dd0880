"""Learn Chinese words from text without spaces: branching entropy, mutual information, the least description.

1. Substrings that come often, whose characters hold together (pointwise mutual information) and whose neighbours on
   both sides vary (branching entropy) are candidates.
2. Expectation-maximisation gives them probabilities; a candidate stays while the likelihood loses more without it than
   it costs to write it down (minimum description length).
3. A word's score is its log probability and its autonomy: how much the branching entropy rises with its last and its
   first character, over what is usual at that length (Magistry and Sagot 2012).
4. Substrings that are no candidates are new words, as probable as their characters are in their places in the words so
   far, with the same autonomy; those stay that score higher than any way to cut them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._native import load
from .characters import code_points
from .unigram_training import Words, expected_uses

__all__ = ["learn_words"]

_unigram = load("unigram")

_LEAST_ENTROPY = 1.0  # nats, on both sides
_LEAST_INFORMATION = 1.0  # nats, at the weakest place
_WORDS_COST = 2.0  # of writing a word down, in the log probabilities of its characters
_CLIP = 6.0  # nats of autonomy for each character
_LONGEST_NEW = 3
_ROUNDS, _STEPS = 6, 3
_LEAST_USES = 1e-3


@dataclass
class _Grams:
    """The substrings of n characters that occur at least twice, by id."""

    first: NDArray[np.int64]  # a place where each begins
    count: NDArray[np.int64]
    right: NDArray[np.float64]  # branching entropies
    left: NDArray[np.float64]
    autonomy: NDArray[np.float64]


def learn_words(runs: Any, min_count: int, longest: int) -> tuple[list[str], NDArray[np.float64], float]:
    """Return words, their scores, and the score of a character that none of them begins with."""
    utf8, starts, counts = runs.listed()
    if not len(counts):
        return [], np.empty(0), 0.0
    points, begins = code_points(utf8)
    text = utf8.decode()
    of_run = np.searchsorted(starts, begins[:-1], side="right") - 1
    weights = counts[of_run]
    alphabet, characters = np.unique(points, return_inverse=True)
    ends = np.searchsorted(begins, starts[1:])  # of the run of each character, in characters
    rest = ends[of_run] - np.arange(len(points))
    grams, ids = _count(characters, len(alphabet), rest, weights, longest)
    candidates = _candidates(grams, ids, min_count, int(weights.sum()))
    names = [[text[at : at + n] for at in g.first.tolist()] for n, g in enumerate(grams, 1)]
    singles = np.bincount(characters, weights=weights)
    init = dict(zip(map(chr, alphabet.tolist()), singles.tolist(), strict=True))
    cost = {c: -np.log(x / singles.sum()) for c, x in init.items()}
    for n, kept in candidates.items():
        init |= {names[n - 1][i]: float(grams[n - 1].count[i]) for i in kept.tolist()}
    scores, uses = _shortest(Words.of(np.frombuffer(utf8, dtype=np.uint8), starts, counts), init, cost)
    return _score(names, grams, scores, uses)


def _count(
    characters: NDArray[np.int64], n_characters: int, rest: NDArray[np.int64], weights: NDArray[np.int64], longest: int
) -> tuple[list[_Grams], list[NDArray[np.int64]]]:
    """Substrings of 1 to `longest` characters, and for each length the id at every place (-1: occurs once, or none)."""
    n_places = len(characters)
    before = np.where(np.append(True, rest[:-1] == 1), -1, np.roll(characters, 1))  # -1: a run begins
    after = np.where(rest == 1, -1, np.roll(characters, -1))
    grams: list[_Grams] = []
    ids: list[NDArray[np.int64]] = []
    places, keys = np.arange(n_places), characters.astype(np.int64)
    unique_before = 0  # of one character less: places whose substring occurs once
    pairs_right, pairs_left = 0.0, 0.0
    for n in range(1, longest + 1):
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        count = np.bincount(inverse, weights=weights[places]).astype(np.int64)
        n_kinds = max(1, len(count) + unique_before)
        often = count >= 2
        number = np.full(len(count), -1)
        number[often] = np.arange(int(often.sum()))
        here = np.full(n_places, -1)
        here[places] = number[inverse]
        kept = np.flatnonzero(here >= 0)
        last = kept + n - 1
        total = count[often]
        right, sum_right = _entropy(here[kept], after[last], n_characters, weights[kept], total)
        left, sum_left = _entropy(here[kept], before[kept], n_characters, weights[kept], total)
        rise_right, rise_left = right, left
        start = places[first][often]
        if n > 1:
            shorter = grams[-1]
            rise_right = right - shorter.right[ids[-1][start]]
            rise_left = left - shorter.left[ids[-1][start + 1]]
        autonomy = rise_right - (right.sum() - pairs_right) / n_kinds + rise_left - (left.sum() - pairs_left) / n_kinds
        grams.append(_Grams(start, total, right, left, autonomy))
        ids.append(here)
        pairs_right, pairs_left = sum_right, sum_left
        longer = kept[rest[kept] > n]
        unique_before = int((rest > n).sum()) - len(longer)
        places, keys = longer, here[longer] * n_characters + characters[longer + n]
    return grams, ids


def _entropy(
    ids: NDArray[np.int64],
    neighbours: NDArray[np.int64],
    n_characters: int,
    weights: NDArray[np.int64],
    total: NDArray[np.int64],
) -> tuple[NDArray[np.float64], float]:
    """Entropy of the neighbours of each id, and the sum of it over all pairs of an id and a neighbour.

    The end of a run is another neighbour at each occurrence.
    """
    ended = neighbours < 0
    log_total = np.log(total)
    out = np.bincount(ids[ended], weights=weights[ended], minlength=len(total)) / total * log_total
    keys, inverse = np.unique(ids[~ended] * n_characters + neighbours[~ended], return_inverse=True)
    pairs = np.bincount(inverse, weights=weights[~ended], minlength=len(keys))
    of = keys // n_characters
    share = pairs / total[of]
    out -= np.bincount(of, weights=share * np.log(share), minlength=len(total))
    return out, float(out[of].sum())


def _candidates(
    grams: list[_Grams], ids: list[NDArray[np.int64]], min_count: int, n_places: int
) -> dict[int, NDArray[np.int64]]:
    """Ids of the candidates for words of each number of characters."""
    out = {}
    for n in range(2, len(grams) + 1):
        g = grams[n - 1]
        information = np.full(len(g.count), np.inf)
        for k in range(1, n):
            head, tail = grams[k - 1].count[ids[k - 1][g.first]], grams[n - k - 1].count[ids[n - k - 1][g.first + k]]
            information = np.minimum(information, np.log(g.count * (n_places / head) / tail))
        entropy = np.minimum(g.right, g.left)
        out[n] = np.flatnonzero(
            (g.count >= min_count) & (entropy >= _LEAST_ENTROPY) & (information >= _LEAST_INFORMATION)
        )
    return out


def _shortest(runs: Words, uses: dict[str, float], cost: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Log probabilities and expected uses of the words that are worth their cost, and of all characters."""
    scale = 0.0
    for _ in range(_ROUNDS):
        words = sorted(uses, key=str.encode)
        encoded = [word.encode() for word in words]
        bounds = np.concatenate([[0], np.cumsum([len(word) for word in encoded])]).astype(np.int64)
        model = _unigram.Pieces(np.frombuffer(b"".join(encoded), dtype=np.uint8), bounds)
        lengths = np.array([len(word) for word in words])
        values = np.array([uses[word] for word in words])
        for _ in range(_STEPS):
            values, scale = expected_uses(model, runs, lengths, np.log(values / values.sum()), scale)
            values = np.maximum(values, _LEAST_USES)
        scores = np.log(values / values.sum())
        losses = model.losses(0, len(words), scores, values)
        price = np.array([sum(cost[c] for c in word) for word in words])
        kept = (lengths == 1) | (losses > _WORDS_COST * price)
        known = dict(zip(words, scores.tolist(), strict=True)), dict(zip(words, values.tolist(), strict=True))
        uses = {word: float(value) for word, value, keep in zip(words, values, kept, strict=True) if keep}
        if len(uses) > 0.999 * len(words):
            break
    return known


def _score(
    names: list[list[str]], grams: list[_Grams], scores: dict[str, float], uses: dict[str, float]
) -> tuple[list[str], NDArray[np.float64], float]:
    """Words with their scores: those of the model and new ones."""
    autonomy = [np.clip(g.autonomy, -_CLIP, _CLIP) * n for n, g in enumerate(grams, 1)]
    known = [np.array([scores.get(name, -np.inf) for name in names[n]]) + autonomy[n] for n in range(len(grams))]
    lowest = min(scores.values()) - 3.0
    unknown = lowest - _CLIP
    spelled = _spelling(uses)
    full = [known[0]]
    at = [{name: i for i, name in enumerate(some)} for some in names[:_LONGEST_NEW]]
    words = {names[0][i]: float(known[0][i]) for i in range(len(names[0]))}
    words |= {c: score - _CLIP for c, score in scores.items() if len(c) == 1 and c not in words}
    for n in range(2, len(grams) + 1):
        values = known[n - 1]
        if n <= _LONGEST_NEW:
            new = np.array([spelled(name) for name in names[n - 1]]) + autonomy[n - 1]
            values = np.maximum(values, new)
            best = np.full(len(values), -np.inf)
            for k in range(1, n):
                heads = full[k - 1][[at[k - 1][name[:k]] for name in names[n - 1]]]
                tails = full[n - k - 1][[at[n - k - 1][name[k:]] for name in names[n - 1]]]
                best = np.maximum(best, heads + tails)
            full.append(np.maximum(values, best))
            kept = np.isfinite(known[n - 1]) | (values > best)
        else:
            kept = np.isfinite(values)
        words |= {names[n - 1][i]: float(values[i]) for i in np.flatnonzero(kept).tolist()}
    listed = sorted(words, key=lambda word: (-words[word], word))
    return listed, np.array([words[word] for word in listed]), unknown


def _spelling(uses: dict[str, float]) -> Any:
    """The log probability of a word by its length and its characters at the start, inside and at the end of words."""
    places: list[dict[str, float]] = [{}, {}, {}]
    lengths: dict[int, float] = {}
    for word, count in uses.items():
        if len(word) > 1:
            lengths[len(word)] = lengths.get(len(word), 0.0) + count
            for i, c in enumerate(word):
                place = places[0 if i == 0 else 2 if i == len(word) - 1 else 1]
                place[c] = place.get(c, 0.0) + count
    totals = [sum(place.values()) or 1.0 for place in places]
    logs = [
        {c: float(np.log(x / total)) for c, x in place.items()} for place, total in zip(places, totals, strict=True)
    ]
    n_words = sum(lengths.values()) or 1.0
    of_length = {n: float(np.log(x / n_words)) for n, x in lengths.items()}
    rare = -14.0

    def spelled(word: str) -> float:
        inner = sum(logs[1].get(c, rare) for c in word[1:-1])
        return of_length.get(len(word), -np.inf) + logs[0].get(word[0], rare) + inner + logs[2].get(word[-1], rare)

    return spelled
