"""Files of byte-level BPE tokenizers: Hugging Face's ``tokenizer.json``, GPT-2's two files, tiktoken's ranks."""

from __future__ import annotations

import base64
import binascii
import json
import os
from typing import Any

import numpy as np

from .._exceptions import StorageError
from .._validation import check_is_fitted
from .bpe_tokenizer import BPETokenizer, symbols_to_bytes
from .special_tokens import SpecialToken
from .tokenizer_parts import (
    added_tokens,
    kind_of,
    normalizer_from_json,
    normalizer_to_json,
    read_bytes,
    refuse,
    sequence_from_json,
    sequence_to_json,
    tokens_to_json,
)

__all__ = ["bpe_from_json", "bpe_to_json", "load_gpt2", "load_tiktoken"]

_GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_QWEN2 = _GPT4.replace(r"\p{N}{1,3}", r"\p{N}")
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_O200K = "|".join(
    (
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    )
)
_PATTERNS = {_GPT4: "gpt4", _GPT2: "gpt2", _QWEN2: "qwen2", _O200K: "o200k"}


def bpe_to_json(tokenizer: BPETokenizer) -> dict[str, Any]:
    """Return the content of ``tokenizer.json``, from which Hugging Face's library gives the same ids and offsets.

    Raises
    ------
    NotFittedError
        Before ``train``.
    """
    check_is_fitted(tokenizer, "vocabulary_")
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": bool(tokenizer.add_prefix_space),
        "trim_offsets": bool(tokenizer.trim_offsets),
        "use_regex": tokenizer.pattern == "gpt2",
    }
    pre_tokenizer: dict[str, Any] = byte_level
    if tokenizer.pattern not in ("gpt2", "none"):
        regex = next(regex for regex, name in _PATTERNS.items() if name == tokenizer.pattern)
        split = {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}
        pre_tokenizer = {"type": "Sequence", "pretokenizers": [split, byte_level]}
    special = tokenizer._special.tokens
    sequence = sequence_to_json(tokenizer)
    post = sequence["post_processor"]
    if tokenizer.trim_offsets:
        post = byte_level if post is None else {"type": "Sequence", "processors": [byte_level, post]}
    vocabulary = {name: i for name, i in tokenizer.vocabulary_.items() if i < len(tokenizer._tokens)}
    return {
        "version": "1.0",
        "truncation": sequence["truncation"],
        "padding": sequence["padding"],
        "added_tokens": tokens_to_json(special),
        "normalizer": normalizer_to_json(tokenizer),
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": tokenizer._whole_first,
            "vocab": vocabulary,
            "merges": [list(pair) for pair in tokenizer.merges_],
        },
    }


def bpe_from_json(content: dict[str, Any]) -> BPETokenizer:
    """Return the tokenizer of a ``tokenizer.json`` whose model is byte-level BPE.

    Raises
    ------
    StorageError
        For a part that this library has no equal of, naming it.
    ValueError
        For a damaged file.
    """
    model = content["model"]
    refuse(model, "model.", "dropout", "continuing_subword_prefix", "end_of_word_suffix")
    tokenizer = BPETokenizer(**_pre_tokenizer(content.get("pre_tokenizer")), **normalizer_from_json(content))
    vocabulary, special = model["vocab"], added_tokens(content.get("added_tokens") or [])
    names = {token.id: token.content for token in special}
    post = content.get("post_processor")
    posts = post["processors"] if isinstance(post, dict) and post.get("type") == "Sequence" else [post]
    for part in posts:
        kind = part.get("type") if isinstance(part, dict) else None
        if part is not None and kind in ("ByteLevel", "RobertaProcessing"):
            tokenizer.trim_offsets = bool(part.get("trim_offsets", True))
        elif part is not None and kind not in ("TemplateProcessing", "BertProcessing"):
            raise StorageError(f"the post_processor {kind_of(part)}, which this release does not read")
        if kind != "ByteLevel":
            tokenizer.set_params(**sequence_from_json({"post_processor": part}, names))
    tokenizer.set_params(**sequence_from_json({**content, "post_processor": None}, names))
    merges = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in model["merges"]]
    tokenizer.special_tokens = tuple(token.content for token in special)
    _build(tokenizer, vocabulary, merges, special, whole_first=bool(model.get("ignore_merges", False)))
    return tokenizer


def _build(
    tokenizer: BPETokenizer,
    vocabulary: Any,
    merges: list[tuple[str, ...]],
    special: list[SpecialToken],
    *,
    whole_first: bool = False,
) -> None:
    if not isinstance(vocabulary, dict) or not all(type(i) is int and i >= 0 for i in vocabulary.values()):
        raise ValueError("its vocab must map strings to whole numbers")
    if len(set(vocabulary.values())) < len(vocabulary):
        raise ValueError("two tokens of its vocab have the same id")
    name_of = {i: name for name, i in vocabulary.items()}
    for token in special:
        if name_of.get(token.id, token.content) != token.content:
            raise ValueError(f"the added token {token.content!r} has the id of {name_of[token.id]!r}")
    size = 1 + max(vocabulary.values(), default=-1)
    if size > 2 * len(vocabulary) + 65_536:
        raise ValueError(f"its vocab has {len(vocabulary)} tokens and ids up to {size - 1}")
    tokens = [b""] * size
    names = {token.content for token in special}
    for name, i in vocabulary.items():
        if name not in names:
            tokens[i] = symbols_to_bytes(name) or b""
    lacking = set(range(256)) - {token[0] for token in tokens if len(token) == 1}
    if lacking:
        raise StorageError(
            f"{len(lacking)} of the 256 bytes are no token of its vocab ({min(lacking):#04x} is one), "
            f"which this release needs"
        )
    rows = np.empty((len(merges), 3), dtype=np.int32)
    for rank, pair in enumerate(merges):
        try:
            left, right = pair
            rows[rank] = vocabulary[left], vocabulary[right], vocabulary[left + right]
        except (KeyError, ValueError, TypeError):
            raise ValueError(f"merge {rank}, {pair!r}, is not of two tokens of its vocab that make a third") from None
        if not (tokens[rows[rank, 0]] and tokens[rows[rank, 1]]):
            raise ValueError(f"merge {rank}, {pair!r}, joins what is not bytes")
    tokenizer._set_model(tokens, rows, special, whole_first=whole_first)


def _pre_tokenizer(part: Any) -> dict[str, Any]:
    """Parameters of the tokenizer that a pre_tokenizer stands for."""
    steps = part.get("pretokenizers") if isinstance(part, dict) and part.get("type") == "Sequence" else [part]
    if not isinstance(steps, list) or not steps or not all(isinstance(step, dict) for step in steps):
        raise StorageError(f"the pre_tokenizer {kind_of(part)}, which this release does not read")
    *before, last = steps
    if last.get("type") == "ByteLevel" and len(before) <= 1:
        prefix = {"add_prefix_space": bool(last.get("add_prefix_space", True))}
        if not before:
            return {"pattern": "gpt2" if last.get("use_regex", True) else "none"} | prefix
        split = before[0]
        pattern = _PATTERNS.get(str((split.get("pattern") or {}).get("Regex")))
        if split.get("type") != "Split" or pattern is None or split.get("invert"):
            raise StorageError(
                f"the pre_tokenizer {kind_of(split)} with the pattern {split.get('pattern')!r}; this release reads the "
                f"patterns of GPT-2, GPT-4 (cl100k, Llama 3), Qwen2 and o200k"
            )
        if split.get("behavior") == "Isolated" and not last.get("use_regex", True) and not prefix["add_prefix_space"]:
            return {"pattern": pattern}
    raise StorageError(
        f"the pre_tokenizer {[step.get('type') for step in steps]}, which this release does not read; of BPE it reads "
        f"ByteLevel, and Split before ByteLevel"
    )


def load_gpt2(encoder: str | os.PathLike[str], merges: str | os.PathLike[str]) -> BPETokenizer:
    """Read a tokenizer from GPT-2's ``encoder.json`` and ``vocab.bpe`` (elsewhere ``vocab.json`` and ``merges.txt``).

    Raises
    ------
    StorageError
        If a file is missing or damaged.
    """
    try:
        vocabulary = json.loads(read_bytes(encoder))
        lines = read_bytes(merges).decode("utf-8").split("\n")
        pairs = [tuple(line.rstrip("\r").split(" ")) for line in lines if line.strip() and line[:9] != "#version:"]
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{encoder} or {merges} is damaged: {error}") from None
    tokenizer = BPETokenizer(pattern="gpt2")
    special = []
    if isinstance(vocabulary, dict) and type(vocabulary.get("<|endoftext|>")) is int:
        special = [SpecialToken("<|endoftext|>", vocabulary["<|endoftext|>"])]
        tokenizer.special_tokens = ("<|endoftext|>",)
    try:
        _build(tokenizer, vocabulary, pairs, special)
    except ValueError as error:
        raise StorageError(f"{encoder} and {merges} do not fit: {error}") from None
    return tokenizer


def load_tiktoken(
    path: str | os.PathLike[str], *, pattern: str = "gpt4", special_tokens: dict[str, int] | None = None
) -> BPETokenizer:
    """Read a tokenizer from a file of tiktoken: a line a token, its bytes in base64 and its rank.

    Parameters
    ----------
    path : path
    pattern : {"gpt4", "gpt2", "qwen2", "o200k", "none"}
        As in `BPETokenizer`; the file does not say.
    special_tokens : dict of str to int, optional
        Their ids; the file does not have them.

    Raises
    ------
    StorageError
        If the file is missing or damaged.
    """
    for content, i in (special_tokens or {}).items():
        if not isinstance(content, str) or not content or type(i) is not int or not 0 <= i < 2**31:
            raise ValueError(f"special_tokens must map strings to ids below 2**31, got {content!r}: {i!r}")
    ranks: dict[int, bytes] = {}
    for number, line in enumerate(read_bytes(path).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            token, rank = line.split()
            ranks[int(rank)] = base64.b64decode(token, validate=True)
        except (ValueError, binascii.Error):
            raise StorageError(f"{path} is damaged: line {number} is not a token in base64 and its rank") from None
    special = [SpecialToken(content, i) for content, i in (special_tokens or {}).items()]
    tokens = [ranks.get(i, b"") for i in range(len(ranks))]
    if (
        b"" in tokens
        or len(set(tokens)) < len(tokens)
        or not set(map(bytes, np.arange(256, dtype=np.uint8)[:, None])) <= set(tokens)
    ):
        raise StorageError(f"{path} is damaged: its ranks must run from 0 without gaps, no token twice, each byte one")
    tokenizer = BPETokenizer(pattern=pattern, special_tokens=tuple(special_tokens or ()))
    tokenizer._set_model(tokens, None, special, whole_first=True)
    return tokenizer
