"""Words of English, Chinese and mixed text by fixed rules, without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._native import load
from .._parallel import map_blocks
from .._validation import check_choice, check_flag, check_is_fitted, check_number, check_texts
from .encoding import check_ids
from .special_tokens import SpecialToken, SpecialTokens
from .subword_tokenizer import SubwordTokenizer, check_special

__all__ = ["HAN_FUNCTION_CHARACTERS", "WordTokenizer"]

_words = load("words")

TEXTS_PER_BLOCK = 1024

# Characters that stand for grammar far more often than they are part of a longer word.
HAN_FUNCTION_CHARACTERS = (
    "的了在是和与與及或之也就都而着著吗嗎呢吧啊呀嘛把被让讓给給从從向对對为為于於但并並且又再很这這那个個们們"
)

_RULE = ("lowercase", "rule", "han", "han_breaks", "fold_width", "min_length", "keep_numbers", "punctuation")
_MODES = {"bigrams": "bigrams", "chars": "chars", "unigrams+bigrams": "chars+bigrams", "runs": "runs"}


class WordTokenizer(SubwordTokenizer):
    r"""Cut text into words; number them after ``train``.

    With ``rule="words"``:

    - A word is a letter or digit and the letters, digits and combining marks that follow it; any script that puts
      spaces between its words, Hangul included.
    - Han and hiragana are written without spaces: `han` says what is made of a run of them. A run of katakana is one
      word. Between Han, katakana and other letters or digits there is a boundary: ``用GPT写`` is ``用``, ``gpt``,
      ``写``.
    - Joined inside a word: an apostrophe between letters (``don't``, ``o'brien``; ``’`` becomes ``'``), underscores
      (``snake_case``), a full stop between digits (``3.14``) or before a letter in lower case or behind a single letter
      (``node.js``, ``u.s.a``; not ``end.The``), a comma before exactly three digits (``1,000``). Kept at the end:
      ``++`` behind a letter (``c++``) and ``#`` behind a word of one letter (``c#``).
    - The English ``'s`` at the end is dropped (``john's`` is ``john``), a French or Italian article is a word of its
      own (``l'homme`` is ``l``, ``homme``: c, d, j, l, m, n, s, t, qu before an apostrophe and at least two letters).
    - Hyphens, slashes, ``@``, ``&`` and all else separate words.
    - Full-width letters, digits and ``＿．＋＃＇`` count as their ASCII forms.

    With ``rule="runs"`` a word is a maximal run of letters and digits of any script and underscores, exactly Python's
    ``\w+``, and lower case is exactly ``str.lower``; `han`, `han_breaks` and `fold_width` do not apply. scikit-learn's
    default, ``(?u)\b\w\w+\b`` on lower-cased text, is ``WordTokenizer(rule="runs", min_length=2)``. This rule drops
    Chinese on the floor (a sentence is one word): it is there for comparison.

    Text is best in Unicode form NFC (`TextCleaner` sees to that). Thai, Lao, Khmer and Burmese, also written without
    spaces, are not cut inside a run. Time is linear in the length of the text.

    Parameters
    ----------
    lowercase : bool
        Fold case, character by character (under ``rule="words"`` the final sigma too).
    rule : "words" or "runs"
        See above.
    han : "unigrams+bigrams", "bigrams", "chars" or "runs"
        What a run of Han becomes: each character and the pair that starts at it; its overlapping pairs (a run of one:
        that character); its characters; or one word. The default found the topics of 20,000 Chinese headlines best
        (THUCNews, TF-IDF, SVD, k-means, mean NMI of three seeds: .380; chars .338, bigrams .319, runs .090).
    han_breaks : str
        Characters at which a run of Han is cut and which give no token; ``"function"`` for the list
        `HAN_FUNCTION_CHARACTERS`, an empty string for none (in the same measure it did not help: .368).
    fold_width : bool
        Take full-width letters and digits as ASCII.
    min_length : int
        Least characters of a word; pieces of Han runs are kept at any length.
    keep_numbers : bool
        Whether words without a letter are kept.
    punctuation : bool
        Whether each punctuation or symbol character outside words is a token.
    unknown : str
        The token of words that were not trained.
    special_tokens : sequence of str
        Strings that are one token wherever they stand in a text; they have the lowest ids.
    template : sequence of str
        What stands around a text, and around two: ``["[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1"]``.
    max_length : int, optional
        Most tokens of an encoding, those of the template included; longer texts are cut on the right.
    pad_token : str, optional
        What `pad` fills up with.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Token to id, after ``train``: the special tokens, `unknown`, the words.
    """

    def __init__(
        self,
        *,
        lowercase: bool = True,
        rule: str = "words",
        han: str = "unigrams+bigrams",
        han_breaks: str = "",
        fold_width: bool = True,
        min_length: int = 1,
        keep_numbers: bool = True,
        punctuation: bool = False,
        unknown: str = "[UNK]",
        special_tokens: Sequence[str] = (),
        template: Sequence[str] = (),
        max_length: int | None = None,
        pad_token: str | None = None,
    ) -> None:
        self.lowercase = lowercase
        self.rule = rule
        self.han = han
        self.han_breaks = han_breaks
        self.fold_width = fold_width
        self.min_length = min_length
        self.keep_numbers = keep_numbers
        self.punctuation = punctuation
        self.unknown = unknown
        self.special_tokens = special_tokens
        self.template = template
        self.max_length = max_length
        self.pad_token = pad_token

    def scanner(self) -> Any:
        """Return the compiled rule; parameters are checked here, and again only after one has changed."""
        key = tuple(getattr(self, name) for name in _RULE)
        kept = self.__dict__.get("_scanner")
        if kept is not None and kept[0] == key:
            return kept[1]
        by_script = check_choice(self.rule, "rule", ("words", "runs")) == "words"
        check_choice(self.han, "han", _MODES)
        if not isinstance(self.han_breaks, str):
            raise TypeError(f"han_breaks must be a string of characters, got {type(self.han_breaks).__name__}")
        breaks = HAN_FUNCTION_CHARACTERS if self.han_breaks == "function" else self.han_breaks
        made = _words.Scanner(
            by_script=by_script,
            lowercase=check_flag(self.lowercase, "lowercase"),
            fold_width=check_flag(self.fold_width, "fold_width") and by_script,
            keep_numbers=check_flag(self.keep_numbers, "keep_numbers"),
            punctuation=check_flag(self.punctuation, "punctuation"),
            han=_MODES[self.han],
            breaks=breaks if by_script else "",
            min_length=check_number(self.min_length, "min_length", integer=True, low=1, high=2**31 - 1),
        )
        self._scanner = (key, made)
        return made

    def tokenize(self, text: str) -> list[str]:
        """Return the words of `text`, folded; needs no training.

        Raises
        ------
        TypeError
            If `text` is not a string.
        """
        return self.scanner().tokenize(_check_text(text))

    def train(self, texts: Iterable[str], vocab_size: int | None = None, min_count: int = 1) -> WordTokenizer:
        """Number the words of `texts` by falling count, those of one count by code point.

        Parameters
        ----------
        texts : iterable of str
            At least one word must occur.
        vocab_size : int, optional
            Most tokens in the vocabulary, `unknown` and the special tokens included.
        min_count : int
            Least occurrences of a word that is taken in.

        Returns
        -------
        WordTokenizer
        """
        texts = check_texts(texts)
        min_count = check_number(min_count, "min_count", integer=True, low=1)
        special = check_special(self.special_tokens)
        first = [*special, *({self._unknown()} - set(special))]
        if vocab_size is not None:
            vocab_size = check_number(vocab_size, "vocab_size", integer=True, low=len(first) + 1)
        scanner = self.scanner()
        blocks = map_blocks(lambda a, b: scanner.count(texts, a, b, 1, 1, None), len(texts), TEXTS_PER_BLOCK)
        everything = _words.Vocabulary()
        for block in blocks:
            block.merge_into(everything)
        n_rows, totals = np.zeros((2, len(everything)), dtype=np.int64)
        for block in blocks:
            block.add_frequencies(n_rows, totals)
        ids = np.flatnonzero(totals >= min_count).astype(np.int32)
        if not len(ids):
            raise ValueError(
                f"no word occurs at least {min_count} time(s) in the {len(texts)} texts; "
                f"lower min_count or min_length, or give more text"
            )
        everything.sort(ids)
        ids = ids[np.argsort(-totals[ids], kind="stable")]
        words = [word for word in everything.take(ids).words() if word not in first]
        if vocab_size is not None:
            words = words[: vocab_size - len(first)]
        self._set_vocabulary([*first, *words], [SpecialToken(content, i) for i, content in enumerate(special)])
        return self

    def _unknown(self) -> str:
        if not isinstance(self.unknown, str) or not self.unknown:
            raise TypeError(f"unknown must be a string and not empty, got {self.unknown!r}")
        return self.unknown

    def _set_vocabulary(self, tokens: list[str], special: list[SpecialToken]) -> None:
        if self._unknown() not in tokens:
            raise ValueError(f"unknown must be in the vocabulary, got {self.unknown!r}")
        self._tokens = tokens
        self._vocabulary = _words.Vocabulary(tokens)
        self._vocabulary.index()
        self._special = SpecialTokens(special)
        self.vocabulary_ = {token: i for i, token in enumerate(tokens)} | {token.content: token.id for token in special}

    @property
    def vocab_size(self) -> int:
        """One more than the highest id."""
        check_is_fitted(self, "vocabulary_")
        return 1 + max(self.vocabulary_.values())

    def _encoder_of_blocks(
        self, texts: list[str], begins: bytes | None, offsets: bool
    ) -> Callable[[int, int], tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]]:
        scanner, vocabulary = self.scanner(), self._vocabulary
        if self._unknown() not in self.vocabulary_:
            raise ValueError(f"unknown must be in the vocabulary, got {self.unknown!r}")
        unknown = self.vocabulary_[self.unknown]
        return lambda start, stop: scanner.encode(texts, start, stop, vocabulary, unknown)

    def decode(self, ids: Iterable[int], *, skip_special_tokens: bool = False) -> str:
        """Return the tokens with a space between them, which encode to the same ids again.

        Under ``han="unigrams+bigrams"`` a pair joins the characters before and behind it, and is not written itself.
        Case, punctuation and spacing of the text are not in the ids: this is not the text, see `Encoding.offsets`.

        Raises
        ------
        ValueError
            For an id outside the vocabulary.
        """
        check_is_fitted(self, "vocabulary_")
        numbers, names = check_ids(ids).tolist(), self._token_names()
        for i in numbers:
            if i not in names:
                raise ValueError(f"ids must lie in [0, {self.vocab_size}) and be of a token, got {i}")
        skipped = {token.id for token in self._special.tokens if token.special} if skip_special_tokens else ()
        tokens = [names[i] for i in numbers if i not in skipped]
        if self.rule == "words" and self.han == "unigrams+bigrams":
            return self._join_pairs(tokens)
        return " ".join(tokens)

    def _join_pairs(self, tokens: list[str]) -> str:
        scanner, out = self.scanner(), ""
        before, pair = "", ""  # the last token written; the pair behind it, which waits for its second character
        for token in tokens:
            if not pair and len(token) == 2 and token[0] == before and len(scanner.tokenize(token)) == 3:
                pair = token
                continue
            if pair and token != pair[1]:
                out += f" {pair}"  # ids that no text gives: nothing is lost
            out += token if pair and token == pair[1] else f" {token}"
            before, pair = token, ""
        return (out + (f" {pair}" if pair else "")).removeprefix(" ")

    def to_json(self) -> str:
        """Return the content of ``tokenizer.json``, in Hugging Face's format where that can say it."""
        from .tokenizer_files import word_tokenizer_to_json

        return word_tokenizer_to_json(self)

    def get_state(self) -> dict[str, Any]:
        """Return parameters and vocabulary (None before ``train``) as values that JSON can hold."""
        params = self.get_params()
        params |= {name: list(params[name]) for name in ("special_tokens", "template")}
        return {"params": params, "vocabulary": list(self._tokens) if hasattr(self, "_tokens") else None}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> WordTokenizer:
        """Return the tokenizer that gave `state`."""
        params = dict(state["params"])
        params |= {name: tuple(params[name]) for name in ("special_tokens", "template") if name in params}
        tokenizer = cls(**params)
        tokenizer.scanner()
        if state.get("vocabulary") is not None:
            tokens = list(state["vocabulary"])
            special = check_special(tokenizer.special_tokens)
            if not set(special) <= set(tokens):
                raise ValueError("its special_tokens must be in its vocabulary")
            tokenizer._set_vocabulary(tokens, [SpecialToken(token, tokens.index(token)) for token in special])
        return tokenizer


def _check_text(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {type(text).__name__}")
    return text
