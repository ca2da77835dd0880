"""``tokenizer.json`` of Unigram tokenizers, in Hugging Face's format."""

from __future__ import annotations

from typing import Any

from .._exceptions import StorageError
from .._validation import check_is_fitted
from .tokenizer_parts import (
    added_tokens,
    check_post_processor,
    kind_of,
    normalizer_from_json,
    normalizer_to_json,
    sequence_from_json,
    sequence_to_json,
    tokens_to_json,
)
from .unigram_tokenizer import PREFIXES, SPACE, UnigramTokenizer

__all__ = ["read_number", "unigram_from_json", "unigram_to_json"]


def read_number(text: str) -> float:
    """Return a number of a JSON file as the reader of Hugging Face's library (serde_json) does.

    All digits as one whole number, multiplied or divided by a power of ten: the last bit can differ from the nearest
    float64, and decides between segmentations that are equally probable.
    """
    body, _, power = text.lstrip("-").lower().partition("e")
    whole, _, part = body.partition(".")
    digits, exponent = 0, int(power or 0)
    for i, digit in enumerate(whole + part):
        if digits * 10 + int(digit) >= 2**64:  # what follows is not read
            exponent += max(0, len(whole) - i)
            break
        digits = digits * 10 + int(digit)
        exponent -= i >= len(whole)
    if abs(exponent) > 300:
        return float(text)
    scale = float(f"1e{abs(exponent)}")
    value = digits * 1.0 * scale if exponent >= 0 else digits * 1.0 / scale
    return -value if text.startswith("-") else value


def unigram_to_json(tokenizer: UnigramTokenizer) -> dict[str, Any]:
    """Return the content of ``tokenizer.json``, from which Hugging Face's library gives the same ids and offsets.

    Raises
    ------
    NotFittedError
        Before there is a vocabulary.
    """
    check_is_fitted(tokenizer, "vocabulary_")
    metaspace = {
        "type": "Metaspace",
        "replacement": SPACE,
        "prepend_scheme": tokenizer.prefix_space,
        "split": True,
    }
    decoder: dict[str, Any] = metaspace
    if tokenizer.byte_fallback:
        parts: list[dict[str, Any]] = [
            {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
        ]
        if tokenizer.prefix_space != "never":
            parts.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
        decoder = {"type": "Sequence", "decoders": parts}
    return {
        "version": "1.0",
        **sequence_to_json(tokenizer),
        "added_tokens": tokens_to_json(tokenizer._special.tokens),
        "normalizer": normalizer_to_json(tokenizer),
        "pre_tokenizer": metaspace,
        "decoder": decoder,
        "model": {
            "type": "Unigram",
            "unk_id": tokenizer.vocabulary_[tokenizer.unknown],
            "vocab": [list(pair) for pair in zip(tokenizer._pieces, tokenizer.scores_.tolist(), strict=True)],
            "byte_fallback": bool(tokenizer.byte_fallback),
        },
    }


def unigram_from_json(content: dict[str, Any]) -> UnigramTokenizer:
    """Return the tokenizer of a ``tokenizer.json`` whose model is Unigram.

    Raises
    ------
    StorageError
        For a part that this library has no equal of, naming it.
    ValueError
        For a damaged file.
    """
    model, splitter = content["model"], content.get("pre_tokenizer")
    if not isinstance(splitter, dict) or splitter.get("type") != "Metaspace":
        raise StorageError(f"the pre_tokenizer {kind_of(splitter)}; of Unigram this release reads 'Metaspace'")
    if splitter.get("replacement", SPACE) != SPACE or not splitter.get("split", True):
        raise StorageError("a Metaspace that does not split at '▁', which this release does not read")
    prefix = splitter.get("prepend_scheme", "always" if splitter.get("add_prefix_space", True) else "never")
    if prefix not in PREFIXES:
        raise StorageError(f"the prepend_scheme {prefix!r}, which this release does not read")
    vocabulary, unknown = model["vocab"], model.get("unk_id")
    if not isinstance(vocabulary, list) or not all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], (int, float))
        for pair in vocabulary
    ):
        raise ValueError("its vocab must be a list of pieces with their scores")
    if unknown is None:
        raise StorageError("no unknown token ('unk_id'), without which this release does not read Unigram")
    if type(unknown) is not int or not 0 <= unknown < len(vocabulary):
        raise ValueError(f"its unk_id must be that of one of its {len(vocabulary)} pieces, got {unknown!r}")
    special = added_tokens(content.get("added_tokens") or [])
    names = {i: pair[0] for i, pair in enumerate(vocabulary)} | {token.id: token.content for token in special}
    tokenizer = UnigramTokenizer(
        byte_fallback=bool(model.get("byte_fallback", False)),
        prefix_space=prefix,
        unknown=vocabulary[unknown][0],
        special_tokens=tuple(token.content for token in special),
        **normalizer_from_json(content),
        **sequence_from_json(check_post_processor(content), names),
    )
    return tokenizer._set_pieces([pair[0] for pair in vocabulary], [pair[1] for pair in vocabulary], special)
