"""Train a unigram language model of pieces: expectation-maximisation with pruning (Kudo 2018, section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._native import load
from .._parallel import map_blocks
from .characters import code_points, covering

__all__ = ["Words", "expected_uses", "learn_pieces"]

_unigram = load("unigram")

_BLOCKS = 16  # of words and of pieces; fixed, so that sums do not depend on the number of threads
_SLACK = bytes(16)
_SHRINK = 0.75  # of the pieces that stay in a round
_ROUNDS = 2  # of expectation and maximisation between two prunings
_LEAST_USES = 0.5  # expected; a piece with fewer goes
_MARGIN = 1.1  # pieces, as a multiple of those wanted, from which the most probable are taken at the end


@dataclass(frozen=True)
class Words:
    """Words of at most 256 bytes, one after another, and how often each occurs."""

    utf8: NDArray[np.uint8]  # with slack behind
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    bounds: NDArray[np.int64]  # of blocks

    @classmethod
    def of(cls, utf8: NDArray[np.uint8], starts: NDArray[np.int64], counts: NDArray[np.int64]) -> Words:
        edges = np.linspace(0, starts[-1], _BLOCKS + 1).astype(np.int64)
        bounds = np.searchsorted(starts[:-1], edges)
        bounds[-1] = len(counts)
        return cls(np.append(utf8, np.frombuffer(_SLACK, np.uint8)), starts, counts, bounds)


@dataclass(frozen=True)
class _Candidates:
    """Pieces in the order of their bytes."""

    utf8: NDArray[np.uint8]
    starts: NDArray[np.int64]
    characters: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def take(self, kept: NDArray[np.bool_]) -> _Candidates:
        lengths = np.diff(self.starts)
        starts = np.concatenate([[0], np.cumsum(lengths[kept])])
        return _Candidates(self.utf8[np.repeat(kept, lengths)], starts, self.characters[kept])


def learn_pieces(
    words: Any, n_pieces: int, *, coverage: float, always: str, longest: int, n_seeds: int
) -> tuple[list[str], NDArray[np.float64], int]:
    """Return at most `n_pieces` pieces, their log probabilities, the most probable first, and how many are characters.

    The characters are those of `always` and the most frequent ones; where these are more than `n_pieces`, no piece is
    learned.
    """
    utf8, starts, counts = words.listed()
    cut, characters = _cut_at_rare(utf8, starts, counts, coverage, always)
    if len(characters) > n_pieces:
        return [], np.empty(0), len(characters)
    pieces, uses = _seeds(cut, characters, longest, n_seeds)
    scores = np.log(uses / uses.sum())
    scale = 0.0
    while True:
        for _ in range(_ROUNDS):
            model = _unigram.Pieces(pieces.utf8, pieces.starts)
            uses, scale = expected_uses(model, cut, pieces.characters, scores, scale)
            kept = (uses >= _LEAST_USES) | (pieces.characters == 1)
            pieces, uses = pieces.take(kept), np.maximum(uses[kept], _LEAST_USES)
            scores = _digamma(uses) - _digamma(np.array([uses.sum()]))
        if len(pieces) <= max(int(_MARGIN * n_pieces), n_pieces):
            break
        model = _unigram.Pieces(pieces.utf8, pieces.starts)
        losses = _losses(model, pieces, scores, uses)
        wanted = max(int(_MARGIN * n_pieces), int(_SHRINK * len(pieces)))
        kept = _highest(losses, wanted) & (losses >= 0)
        pieces, uses, scores = pieces.take(kept), uses[kept], scores[kept]
    ranked = scores.copy()
    ranked[pieces.characters == 1] = np.inf
    kept = _highest(ranked, n_pieces)
    pieces, scores = pieces.take(kept), scores[kept]
    data = pieces.utf8.tobytes()
    bounds = pieces.starts.tolist()
    order = np.argsort(-scores, kind="stable")
    listed = [data[bounds[i] : bounds[i + 1]].decode() for i in order.tolist()]
    return listed, scores[order], len(characters)


def _cut_at_rare(
    utf8: bytes, starts: NDArray[np.int64], counts: NDArray[np.int64], coverage: float, always: str
) -> tuple[Words, NDArray[np.uint32]]:
    """The words without the rare characters, which part them, and the characters that are left."""
    points, begins = code_points(utf8)
    word = np.searchsorted(starts, begins[:-1], side="right") - 1
    known = np.array(sorted({ord(c) for c in always}), dtype=np.uint32)
    characters = np.union1d(covering(points, counts[word], coverage), known)
    kept = np.isin(points, characters)
    is_first = begins[:-1] == starts[word]
    is_first[1:] |= ~kept[:-1]
    widths = np.diff(begins)[kept]
    new = np.flatnonzero(is_first[kept])
    # A word that begins with a rare character begins behind it, where `is_first` is set as well.
    ends = np.concatenate([[0], np.cumsum(widths)])
    data = np.frombuffer(utf8, dtype=np.uint8)[np.repeat(kept, np.diff(begins))]
    starts = np.append(ends[new], ends[-1]).astype(np.int64)
    counts = counts[word[kept][new]]
    return Words.of(data, starts, counts), characters


def _seeds(
    words: Words, characters: NDArray[np.uint32], longest: int, n_seeds: int
) -> tuple[_Candidates, NDArray[np.float64]]:
    """All characters and the substrings with the highest count times length, with these products."""
    seeder = _unigram.Seeder(words.utf8, words.starts, words.counts, longest)
    bounds = seeder.bounds
    edges = np.searchsorted(bounds, np.linspace(0, bounds[-1], _BLOCKS + 1).astype(np.int64))
    edges[0], edges[-1] = 0, len(bounds) - 1
    found = map_blocks(lambda a, b: seeder.find(int(edges[a]), int(edges[b])), _BLOCKS, 1)
    places, n_bytes, n_characters, counts = (np.concatenate(part) for part in zip(*found, strict=True))
    kept = np.flatnonzero(_highest((counts * n_characters).astype(np.float64), n_seeds))
    data = words.utf8.tobytes()
    listed = [data[at : at + n] for at, n in zip(places[kept].tolist(), n_bytes[kept].tolist(), strict=True)]
    singles = [chr(c).encode() for c in characters.tolist()]
    points, begins = code_points(data[: words.starts[-1]])
    word = np.searchsorted(words.starts, begins[:-1], side="right") - 1
    of_character = np.zeros(len(characters))
    np.add.at(of_character, np.searchsorted(characters, points), words.counts[word])
    joined = listed + singles
    order = sorted(range(len(joined)), key=joined.__getitem__)
    products = np.concatenate([(counts * n_characters)[kept], of_character])[order]
    lengths = np.concatenate([n_characters[kept], np.ones(len(singles), np.int32)])[order]
    utf8 = np.frombuffer(b"".join(joined[i] for i in order), dtype=np.uint8)
    starts = np.concatenate([[0], np.cumsum([len(joined[i]) for i in order])]).astype(np.int64)
    uses = np.maximum(products, _LEAST_USES)
    return _Candidates(utf8, starts, lengths.astype(np.int64)), uses


def expected_uses(
    model: Any, words: Words, characters: NDArray[np.int64], scores: NDArray[np.float64], scale: float
) -> tuple[NDArray[np.float64], float]:
    """Return the expected uses of the pieces of `model` in `words`, and the loss of a character, in nats.

    `characters`: of each piece; `scores`: log probabilities; `scale`: about the loss of a character, which keeps sums
    within range and changes no result.
    """
    weights = np.exp(scores + scale * characters)
    bounds = words.bounds.tolist()
    parts = map_blocks(
        lambda a, b: model.expect(words.utf8, words.starts, words.counts, bounds[a], bounds[b], scores, weights, scale),
        _BLOCKS,
        1,
    )
    uses = np.zeros(len(scores))
    likelihood = 0.0
    for part, value in parts:
        uses += part
        likelihood += value
    n_characters = float(uses @ characters)
    return uses, -likelihood / n_characters if n_characters else 0.0


def _losses(
    model: Any, pieces: _Candidates, scores: NDArray[np.float64], uses: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the likelihood loses without each piece; infinity for characters, which stay."""
    n = len(pieces)
    parts = map_blocks(lambda a, b: model.losses(n * a // _BLOCKS, n * b // _BLOCKS, scores, uses), _BLOCKS, 1)
    losses = np.concatenate(parts)
    losses[pieces.characters == 1] = np.inf
    return losses


def _highest(values: NDArray[np.float64], n: int) -> NDArray[np.bool_]:
    """Which are the `n` highest; of equal ones the earlier."""
    kept = np.ones(len(values), dtype=bool)
    if n < len(values):
        border = np.partition(values, len(values) - n)[len(values) - n]
        kept = values > border
        at_border = np.flatnonzero(values == border)
        kept[at_border[: n - int(kept.sum())]] = True
    return kept


def _digamma(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The derivative of log gamma for x > 0: the recurrence up to 10, then the asymptotic series (DLMF 5.5, 5.11)."""
    x = np.array(x, dtype=np.float64)
    out = np.zeros_like(x)
    for _ in range(10):
        small = x < 10
        out[small] -= 1 / x[small]
        x[small] += 1
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132)))))
    return out + np.log(x) - 1 / (2 * x) - series
