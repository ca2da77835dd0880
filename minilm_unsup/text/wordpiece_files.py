"""Files of WordPiece tokenizers: Hugging Face's ``tokenizer.json`` and BERT's ``vocab.txt``."""

from __future__ import annotations

import os
from typing import Any

from .._exceptions import StorageError
from .._validation import check_is_fitted
from .tokenizer_parts import (
    added_tokens,
    check_post_processor,
    kind_of,
    read_bytes,
    sequence_from_json,
    sequence_to_json,
    tokens_to_json,
)
from .wordpiece_tokenizer import WordPieceTokenizer

__all__ = ["load_wordpiece", "wordpiece_from_json", "wordpiece_to_json"]

_BERT_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def wordpiece_to_json(tokenizer: WordPieceTokenizer) -> dict[str, Any]:
    """Return the content of ``tokenizer.json``, from which Hugging Face's library gives the same ids and offsets.

    Raises
    ------
    NotFittedError
        Before there is a vocabulary.
    """
    check_is_fitted(tokenizer, "vocabulary_")
    return {
        "version": "1.0",
        **sequence_to_json(tokenizer),
        "added_tokens": tokens_to_json(tokenizer._special.tokens),
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": bool(tokenizer.clean),
            "handle_chinese_chars": bool(tokenizer.split_han),
            "strip_accents": None if tokenizer.strip_accents is None else bool(tokenizer.strip_accents),
            "lowercase": bool(tokenizer.lowercase),
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "decoder": {"type": "WordPiece", "prefix": tokenizer.prefix, "cleanup": False},
        "model": {
            "type": "WordPiece",
            "unk_token": tokenizer.unknown,
            "continuing_subword_prefix": tokenizer.prefix,
            "max_input_chars_per_word": int(tokenizer.max_word_length),
            "vocab": {token: i for i, token in enumerate(tokenizer._tokens) if token},
        },
    }


def wordpiece_from_json(content: dict[str, Any]) -> WordPieceTokenizer:
    """Return the tokenizer of a ``tokenizer.json`` whose model is WordPiece.

    Raises
    ------
    StorageError
        For a part that this library has no equal of, naming it.
    ValueError
        For a damaged file.
    """
    model, normalizer, splitter = content["model"], content.get("normalizer"), content.get("pre_tokenizer")
    if not isinstance(normalizer, dict) or normalizer.get("type") != "BertNormalizer":
        raise StorageError(f"the normalizer {kind_of(normalizer)}; of WordPiece this release reads 'BertNormalizer'")
    if not isinstance(splitter, dict) or splitter.get("type") != "BertPreTokenizer":
        raise StorageError(f"the pre_tokenizer {kind_of(splitter)}; of WordPiece this release reads 'BertPreTokenizer'")
    vocabulary, special = model["vocab"], added_tokens(content.get("added_tokens") or [])
    if not isinstance(vocabulary, dict) or not all(type(i) is int and i >= 0 for i in vocabulary.values()):
        raise ValueError("its vocab must map strings to whole numbers")
    size = 1 + max(vocabulary.values(), default=-1)
    if len(set(vocabulary.values())) < len(vocabulary):
        raise ValueError("two tokens of its vocab have the same id")
    if size > 2 * len(vocabulary) + 65_536:
        raise ValueError(f"its vocab has {len(vocabulary)} tokens and ids up to {size - 1}")
    strip = normalizer.get("strip_accents")
    names = {i: token for token, i in vocabulary.items()} | {token.id: token.content for token in special}
    tokenizer = WordPieceTokenizer(
        lowercase=bool(normalizer.get("lowercase", True)),
        strip_accents=None if strip is None else bool(strip),
        split_han=bool(normalizer.get("handle_chinese_chars", True)),
        clean=bool(normalizer.get("clean_text", True)),
        prefix=model.get("continuing_subword_prefix", "##"),
        unknown=model.get("unk_token", "[UNK]"),
        max_word_length=model.get("max_input_chars_per_word", 100),
        special_tokens=tuple(token.content for token in special),
        **sequence_from_json(check_post_processor(content), names),
    )
    tokens = [""] * size
    for token, i in vocabulary.items():
        tokens[i] = token
    return tokenizer._set_tokens(tokens, special)


def load_wordpiece(path: str | os.PathLike[str], **params: Any) -> WordPieceTokenizer:
    """Read a tokenizer from BERT's ``vocab.txt``: a token a line, its id the number of the line from 0.

    Parameters
    ----------
    path : path
    **params
        Of `WordPieceTokenizer`; the file does not have them. The special tokens are, where not given, those of
        ``[PAD]``, ``[UNK]``, ``[CLS]``, ``[SEP]`` and ``[MASK]`` that the file has.

    Raises
    ------
    StorageError
        If the file is missing or damaged.
    """
    try:
        lines = read_bytes(path).decode("utf-8").removeprefix("\ufeff").split("\n")
    except UnicodeDecodeError as error:
        raise StorageError(f"{path} is damaged: byte {error.start} is not UTF-8") from None
    tokens = [line.removesuffix("\r") for line in lines]
    while tokens and not tokens[-1]:
        tokens.pop()
    if "special_tokens" not in params:
        params["special_tokens"] = tuple(token for token in _BERT_TOKENS if token in tokens)
    tokenizer = WordPieceTokenizer(**params)
    try:
        return tokenizer._set_tokens(tokens)
    except ValueError as error:
        raise StorageError(f"{path} does not fit: {error}") from None
