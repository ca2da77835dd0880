"""Chinese words, learned from text without spaces or given by a dictionary."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._exceptions import StorageError
from .._native import load
from .._parallel import map_blocks
from .._validation import check_is_fitted, check_number
from .chinese_training import learn_words
from .encoding import check_ids
from .special_tokens import SpecialTokens
from .subword_tokenizer import SubwordTokenizer, cut_evenly, in_blocks
from .tokenizer_parts import read_bytes

__all__ = ["ChineseSegmenter", "load_chinese_dictionary"]

_segment = load("segment")
_TRAINING_BLOCK = 1 << 22
UNKNOWN = "[UNK]"
# As seg_is_han of kernels/segment.h.
_HAN = re.compile("[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\U00020000-\U000323af\u3005\u3007\u25cb]+")


class ChineseSegmenter(SubwordTokenizer):
    """Cut Chinese text into words.

    Of all ways to cut a run of Han into words of a dictionary the one with the highest sum of scores is taken; of equal
    ones the one whose first word is longer, then the second. A character at which no word begins is a word by itself.
    Letters and digits are words as they stand, every other character that is no white space is one by itself.

    The dictionary is learned from text without spaces (`train`): substrings that come often, hold together and whose
    neighbours vary, under a unigram model of least description length; see `minilm_unsup.text.chinese_training`. Or it
    is read from a file (`load_chinese_dictionary`). Words can be added to either.

    Parameters
    ----------
    punctuation : bool
        Whether characters that are no letters, digits or Han are given.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Word to id; ``[UNK]`` is 0.
    scores_ : ndarray (V,) float64
        What is summed, by id: log probabilities, to which training adds how freely a word stands.

    Examples
    --------
    >>> segmenter = ChineseSegmenter().set_words({"研究": 30, "研究生": 10, "生命": 40, "命": 2, "起源": 5})
    >>> segmenter.tokenize("研究生命起源, 2023年")
    ['研究', '生命', '起源', ',', '2023', '年']
    """

    scores_: NDArray[np.float64]

    def __init__(self, *, punctuation: bool = True) -> None:
        self.punctuation = punctuation

    def train(self, texts: Iterable[str], min_count: int = 3, max_word_length: int = 5) -> ChineseSegmenter:
        """Learn words from `texts`, which are read once and not kept.

        The same texts give the same words in any order, on any number of threads. Memory grows with the different runs
        of Han (about 200 bytes for each of their characters).

        Parameters
        ----------
        texts : iterable of str
        min_count : int
            Least occurrences of a word that is learned for itself.
        max_word_length : int
            Most characters of a word, from 2 to 8.

        Returns
        -------
        ChineseSegmenter

        Raises
        ------
        UnicodeEncodeError
            For a text with a lone surrogate, naming its place; `TextCleaner` removes them.
        """
        min_count = check_number(min_count, "min_count", integer=True, low=2)
        longest = check_number(max_word_length, "max_word_length", integer=True, low=2, high=8)
        runs = _segment.Words()
        for some in in_blocks(texts, 16 * _TRAINING_BLOCK):
            bounds = cut_evenly(some, _TRAINING_BLOCK)

            def count(a: int, b: int, some: list[str] = some, bounds: list[int] = bounds) -> Any:
                return _segment.count_runs(_segment.Words(), some, bounds[a], bounds[b])

            for part in map_blocks(count, len(bounds) - 1, 1):
                runs.add(part)
        words, scores, unknown = learn_words(runs, min_count, longest)
        self._set(words, scores, unknown)
        return self

    def set_words(self, counts: Mapping[str, float]) -> ChineseSegmenter:
        """Take a dictionary of words with how often each occurs; a word's score is the logarithm of its share.

        Words with a count of 0 are left out, as jieba does. A character at which no word begins counts 1.

        Raises
        ------
        ValueError
            If a count is negative or not finite, a word is empty, or no count is above 0.
        """
        kept = {}
        for word, count in counts.items():
            if not isinstance(word, str) or not word:
                raise ValueError(f"words must be strings that are not empty, got {word!r}")
            value = check_number(count, f"the count of {word!r}", low=0, high=1e300)
            if value > 0:
                kept[word] = value
        total = sum(kept.values())
        if not total:
            raise ValueError("counts must hold a word with a count above 0")
        log_total = math.log(total)
        self._set(list(kept), np.array([math.log(count) - log_total for count in kept.values()]), -log_total)
        return self

    def add_words(self, words: Iterable[str]) -> ChineseSegmenter:
        """Add words of Han that are preferred to every way to cut them.

        Raises
        ------
        ValueError
            If a word is empty or holds anything but Han.
        """
        check_is_fitted(self, "vocabulary_")
        if isinstance(words, str):
            raise TypeError(f"words must be a list of strings, got a single one; wrap it: [{words!r}]")
        listed, scores = self._words[:], self.scores_[1:].tolist()
        at = {word: i for i, word in enumerate(listed)}
        for word in words:
            if not isinstance(word, str) or not _HAN.fullmatch(word):
                raise ValueError(f"words must be strings of Han, got {word!r}")
            parts = self.encode(word).ids.tolist()
            score = sum(float(self.scores_[i]) if i else self._unknown for i in parts) + 1.0
            if word not in at:
                at[word] = len(listed)
                listed.append(word)
                scores.append(score)
            elif len(parts) > 1:
                scores[at[word]] = score
        self._set(listed, np.array(scores), self._unknown)
        return self

    def _set(self, words: list[str], scores: NDArray[np.float64], unknown: float) -> None:
        vocabulary = {UNKNOWN: 0} | {word: i for i, word in enumerate(words, 1)}
        if len(vocabulary) <= len(words):
            raise ValueError(f"words must not name one twice or {UNKNOWN}")
        values = np.concatenate([[0.0], scores])
        if not (np.isfinite(values).all() and math.isfinite(unknown)):
            raise ValueError("scores must be finite")
        encoder = _segment.Encoder(["", *words], values, 0, unknown, bool(self.punctuation))
        self._encoder = (bool(self.punctuation), encoder)
        self._words, self.scores_, self._unknown = words, values, unknown
        self.vocabulary_, self._special = vocabulary, SpecialTokens([])

    def _ready(self) -> Any:
        check_is_fitted(self, "vocabulary_")
        key, kept = bool(self.punctuation), self.__dict__.get("_encoder")
        if kept is None or kept[0] != key:
            kept = self._encoder = (key, _segment.Encoder(["", *self._words], self.scores_, 0, self._unknown, key))
        return kept[1]

    @property
    def vocab_size(self) -> int:
        """Number of words, the unknown one included."""
        check_is_fitted(self, "vocabulary_")
        return len(self.vocabulary_)

    def _encoder_of_blocks(
        self, texts: list[str], begins: bytes | None, offsets: bool
    ) -> Callable[[int, int], tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]]:
        encoder = self._ready()
        return lambda start, stop: encoder.encode(texts, start, stop)

    def tokenize(self, text: str) -> list[str]:
        """Return the words of `text` as they stand in it."""
        if not isinstance(text, str):
            raise TypeError(f"text must be a string, got {type(text).__name__}")
        words: list[str] = self._ready().tokenize(text)
        return words

    def decode(self, ids: Iterable[int]) -> str:
        """Return the words of `ids` one after another; a space stands between two that are not Han.

        Raises
        ------
        ValueError
            For an id that no word has.
        """
        check_is_fitted(self, "vocabulary_")
        names = [UNKNOWN, *self._words]
        out = ""
        for i in check_ids(ids).tolist():
            if not 0 <= i < len(names):
                raise ValueError(f"ids must lie in [0, {len(names)}), got {i}")
            apart = out and out[-1].isascii() and names[i][0].isascii()
            out += " " * bool(apart) + names[i]
        return out

    def get_state(self) -> dict[str, Any]:
        """Return plain values for JSON, from which `from_state` builds the segmenter."""
        check_is_fitted(self, "vocabulary_")
        return {
            "params": self.get_params(),
            "words": self._words,
            "scores": self.scores_[1:].tolist(),
            "unknown_score": self._unknown,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ChineseSegmenter:
        """Build from what `get_state` gave.

        Raises
        ------
        TypeError, ValueError, KeyError
            For a damaged state.
        """
        segmenter = cls(**state["params"])
        words, scores = list(state["words"]), np.array(state["scores"], dtype=np.float64)
        if not all(isinstance(word, str) and word for word in words) or scores.shape != (len(words),):
            raise ValueError("its words must be strings with a score each")
        segmenter._set(words, scores, float(state["unknown_score"]))
        return segmenter

    def to_json(self) -> str:
        """Return the content of ``tokenizer.json``, in a format of this library."""
        content = {"format": "minilm_unsup", "format_version": 1, "type": "ChineseSegmenter"} | self.get_state()
        return json.dumps(content, ensure_ascii=False) + "\n"


def load_chinese_dictionary(path: str | os.PathLike[str], **params: Any) -> ChineseSegmenter:
    """Read a segmenter from a dictionary in jieba's format: a word a line, its count, and perhaps a tag, with spaces.

    Runs of Han are cut as by ``jieba.cut(text, HMM=False)``. A line without a count counts 1.

    Parameters
    ----------
    path : path
    **params
        Of `ChineseSegmenter`.

    Raises
    ------
    StorageError
        If the file is missing or damaged, naming the line.
    """
    counts: dict[str, float] = {}
    for number, line in enumerate(read_bytes(path).split(b"\n"), 1):
        try:
            cells = line.decode("utf-8").removeprefix("\ufeff").split()
        except UnicodeDecodeError:
            raise StorageError(f"{path} is damaged: line {number} is not UTF-8") from None
        if not cells:
            continue
        count = cells[1] if len(cells) > 1 else "1"
        if not (count.isascii() and count.isdigit()) or len(count) > 18:
            if len(cells) == 2:  # a word and its tag
                count = "1"
            else:
                raise StorageError(f"{path} is damaged: line {number} has no whole number behind {cells[0]!r}")
        counts[cells[0]] = int(count)
    try:
        return ChineseSegmenter(**params).set_words(counts)
    except ValueError as error:
        raise StorageError(f"{path} is no dictionary: {error}") from None
