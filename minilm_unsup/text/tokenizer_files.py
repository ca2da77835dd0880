"""``tokenizer.json``: written and read, in Hugging Face's format where that can say what the tokenizer does."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .._exceptions import StorageError
from .bpe_files import bpe_from_json
from .bpe_tokenizer import BPETokenizer
from .chinese_segmenter import ChineseSegmenter
from .tokenizer_parts import (
    added_tokens,
    check_post_processor,
    refuse_normalized,
    sequence_from_json,
    sequence_to_json,
    tokens_to_json,
)
from .unigram_files import read_number, unigram_from_json
from .unigram_tokenizer import UnigramTokenizer
from .word_tokenizer import WordTokenizer
from .wordpiece_files import wordpiece_from_json
from .wordpiece_tokenizer import WordPieceTokenizer

__all__ = ["load_tokenizer", "tokenizer_from_json", "word_tokenizer_to_json"]

Tokenizer = WordTokenizer | BPETokenizer | WordPieceTokenizer | UnigramTokenizer | ChineseSegmenter

_OWN_FORMAT = "minilm_unsup"
_OWN_VERSION = 1


def word_tokenizer_to_json(tokenizer: WordTokenizer) -> str:
    """Return the content of ``tokenizer.json``.

    ``rule="runs"`` is Hugging Face's WordLevel behind a pre-tokenizer that keeps runs of letters, numbers and
    underscores (the one difference: a capital sigma at the end of a word, which str.lower turns into a final one).
    The rule for words has no form there and is written as ``"format": "minilm_unsup"``.

    Raises
    ------
    NotFittedError
        Before ``train``.
    """
    from .._validation import check_is_fitted

    check_is_fitted(tokenizer, "vocabulary_")
    tokenizer.scanner()  # checks the parameters
    if tokenizer.rule == "runs" and tokenizer.keep_numbers and not tokenizer.punctuation:
        content: dict[str, Any] = {
            "version": "1.0",
            **sequence_to_json(tokenizer),
            "added_tokens": tokens_to_json(tokenizer._special.tokens),
            "normalizer": {"type": "Lowercase"} if tokenizer.lowercase else None,
            "pre_tokenizer": {
                "type": "Split",
                "pattern": {"Regex": _run_pattern(tokenizer.min_length)},
                "behavior": "Removed",
                "invert": True,
            },
            "decoder": None,
            "model": {
                "type": "WordLevel",
                "vocab": dict(zip(tokenizer._tokens, range(len(tokenizer._tokens)), strict=True)),
                "unk_token": tokenizer.unknown,
            },
        }
    else:
        content = {"format": _OWN_FORMAT, "format_version": _OWN_VERSION, "type": "WordTokenizer"}
        content |= tokenizer.get_state()
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _run_pattern(min_length: int) -> str:
    return r"[\p{L}\p{N}_]" + ("+" if min_length == 1 else f"{{{min_length},}}")


def load_tokenizer(path: str | os.PathLike[str]) -> Tokenizer:
    """Read a tokenizer from ``tokenizer.json`` or from a directory that holds one.

    Raises
    ------
    StorageError
        If the file is missing, damaged, or holds something this release does not read, which is named.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "tokenizer.json"
    try:
        return tokenizer_from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise StorageError(f"{path} is damaged: it is not UTF-8; restore it from a copy") from None
    except StorageError as error:
        raise StorageError(f"{path}: {error}") from None


def tokenizer_from_json(text: str) -> Tokenizer:
    """Return the tokenizer whose ``to_json`` gave `text`, or of any other ``tokenizer.json``.

    Raises
    ------
    StorageError
        As for `load_tokenizer`.
    """
    try:
        content = json.loads(text, parse_float=read_number)
    except (ValueError, RecursionError):
        raise StorageError("damaged: it is not JSON; restore it from a copy") from None
    if not isinstance(content, dict):
        raise StorageError("not a tokenizer, it holds no JSON object")
    try:
        return _from_own(content) if content.get("format") == _OWN_FORMAT else _from_hugging_face(content)
    except StorageError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise StorageError(f"damaged: {error}; restore it from a copy") from None


def _from_own(content: dict[str, Any]) -> Tokenizer:
    if content.get("format_version") != _OWN_VERSION:
        raise StorageError(
            f"format version {content.get('format_version')!r}, this release reads {_OWN_VERSION}; "
            f"update minilm_unsup or save the tokenizer again"
        )
    if content.get("type") == "ChineseSegmenter":
        return ChineseSegmenter.from_state(content)
    if content.get("type") != "WordTokenizer":
        raise StorageError(f"a tokenizer of type {content.get('type')!r}, which this release does not read")
    tokens = content["vocabulary"]
    if not isinstance(tokens, list) or not all(isinstance(t, str) for t in tokens):
        raise ValueError("its vocabulary must be a list of strings")
    return WordTokenizer.from_state(content)


def _from_hugging_face(content: dict[str, Any]) -> Tokenizer:
    model = content.get("model")
    kind = model.get("type") if isinstance(model, dict) else model
    if isinstance(model, dict) and kind == "BPE":
        return bpe_from_json(content)
    if isinstance(model, dict) and kind == "WordPiece":
        return wordpiece_from_json(content)
    if isinstance(model, dict) and kind == "Unigram":
        return unigram_from_json(content)
    if not isinstance(model, dict) or kind != "WordLevel":
        raise StorageError(f"a model of type {kind!r}; this release reads BPE, WordPiece, Unigram and WordLevel")
    if content.get("decoder") is not None:
        raise StorageError("'decoder' is set, which this release does not read")
    normalizer = content.get("normalizer")
    if normalizer not in (None, {"type": "Lowercase"}):
        raise StorageError(f"the normalizer {normalizer!r}, which this release does not read")
    if normalizer is not None:
        refuse_normalized(content)
    min_length = _min_length_of(content.get("pre_tokenizer"))
    vocabulary = model.get("vocab")
    if not isinstance(vocabulary, dict) or not all(type(i) is int for i in vocabulary.values()):
        raise ValueError("its vocab must map strings to whole numbers")
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    if [vocabulary[t] for t in tokens] != list(range(len(tokens))):
        raise ValueError("the ids of its vocab must be 0, 1, 2 ... without gaps or repeats")
    special = added_tokens(content.get("added_tokens") or [])
    for token in special:
        if token.id < len(tokens) and tokens[token.id] != token.content:
            raise ValueError(f"the added token {token.content!r} has the id of {tokens[token.id]!r}")
    names = dict(enumerate(tokens)) | {token.id: token.content for token in special}
    tokenizer = WordTokenizer(
        rule="runs",
        lowercase=normalizer is not None,
        min_length=min_length,
        unknown=model.get("unk_token", "<unk>"),
        special_tokens=tuple(token.content for token in special),
        **sequence_from_json(check_post_processor(content), names),
    )
    tokenizer._set_vocabulary(tokens, special)
    return tokenizer


def _min_length_of(pre_tokenizer: Any) -> int:
    """The least length in a pre-tokenizer that `word_tokenizer_to_json` wrote."""
    try:
        pattern = pre_tokenizer["pattern"]["Regex"]
        digits = pattern.removeprefix(r"[\p{L}\p{N}_]").strip("{,}+") or "1"
        min_length = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
        expected = {
            "type": "Split",
            "pattern": {"Regex": _run_pattern(min_length)},
            "behavior": "Removed",
            "invert": True,
        }
        if min_length > 0 and pre_tokenizer == expected:
            return min_length
    except (TypeError, KeyError, AttributeError):
        pass
    raise StorageError(f"the pre_tokenizer {pre_tokenizer!r}, which this release does not read")
