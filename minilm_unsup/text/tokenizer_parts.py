"""Parts of ``tokenizer.json`` that tokenizers of all kinds have."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._exceptions import StorageError
from .normal_forms import FORMS
from .sequence_template import template_from_json, template_to_json
from .special_tokens import SpecialToken
from .subword_tokenizer import SubwordTokenizer

__all__ = [
    "added_tokens",
    "check_post_processor",
    "kind_of",
    "normalizer_from_json",
    "normalizer_to_json",
    "read_bytes",
    "refuse",
    "refuse_normalized",
    "sequence_from_json",
    "sequence_to_json",
    "tokens_to_json",
]


def tokens_to_json(special: Iterable[SpecialToken]) -> list[dict[str, Any]]:
    """Return the list of added tokens that stands for `special`."""
    return [
        {
            "id": token.id,
            "content": token.content,
            "single_word": token.single_word,
            "lstrip": token.lstrip,
            "rstrip": token.rstrip,
            "normalized": False,
            "special": token.special,
        }
        for token in special
    ]


def added_tokens(added: Any) -> list[SpecialToken]:
    """Return the special tokens that a list of added tokens stands for."""
    special = []
    for part in added:
        if not isinstance(part["content"], str) or not part["content"]:
            raise ValueError(f"an added token must be a string and not empty, got {part['content']!r}")
        if type(part["id"]) is not int or not 0 <= part["id"] < 2**31:
            raise ValueError(f"the id of an added token must be a whole number, got {part['id']!r}")
        flags = {name: bool(part.get(name, False)) for name in ("special", "lstrip", "rstrip", "single_word")}
        special.append(SpecialToken(part["content"], part["id"], **flags))
    if len({token.id for token in special}) < len(special):
        raise ValueError("two added tokens have the same id")
    return special


def refuse(part: dict[str, Any], where: str, *names: str) -> None:
    """Raise `StorageError` where `part` sets one of `names`; `where` is put before the name."""
    for name in names:
        if part.get(name):
            raise StorageError(f"{where + name} is {kind_of(part[name])}, which this release does not read")


def kind_of(part: Any) -> str:
    """Return the type that a part names, for a message."""
    return repr(part.get("type")) if isinstance(part, dict) else repr(part)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file; `StorageError` where that fails."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def sequence_to_json(tokenizer: SubwordTokenizer) -> dict[str, Any]:
    """Return the parts of ``tokenizer.json`` for truncation, padding and the template."""
    truncation, padding = None, None
    if tokenizer.max_length is not None:
        truncation = {
            "direction": "Right",
            "max_length": int(tokenizer.max_length),
            "strategy": "LongestFirst",
            "stride": 0,
        }
    if tokenizer.pad_token is not None:
        if tokenizer.pad_token not in tokenizer.vocabulary_:
            raise ValueError(f"pad_token must be a token of the vocabulary, got {tokenizer.pad_token!r}")
        padding = {
            "strategy": "BatchLongest",
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": tokenizer.vocabulary_[tokenizer.pad_token],
            "pad_type_id": 0,
            "pad_token": tokenizer.pad_token,
        }
    post = template_to_json(tokenizer.template, tokenizer.vocabulary_)
    return {"truncation": truncation, "padding": padding, "post_processor": post}


def sequence_from_json(content: dict[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    """Return the parameters for truncation, padding and the template that ``tokenizer.json`` sets.

    `names`: the token of each id. A post-processor that is no template is left to the caller.

    Raises
    ------
    StorageError
        For a setting that this library has no equal of, naming it.
    """
    out: dict[str, Any] = {}
    truncation, padding = content.get("truncation"), content.get("padding")
    if truncation:
        for name, usual in (("direction", "Right"), ("strategy", "LongestFirst"), ("stride", 0)):
            if truncation.get(name, usual) != usual:
                raise StorageError(f"truncation.{name} is {truncation[name]!r}, which this release does not read")
        if type(truncation["max_length"]) is not int:
            raise ValueError(f"its truncation.max_length must be a whole number, got {truncation['max_length']!r}")
        out["max_length"] = truncation["max_length"]
    if padding:
        if padding.get("direction", "Right") != "Right":
            raise StorageError(f"padding.direction is {padding['direction']!r}, which this release does not read")
        if padding.get("pad_id") not in names:
            raise ValueError(f"its pad_id must be that of a token, got {padding.get('pad_id')!r}")
        out["pad_token"] = names[padding["pad_id"]]
    template = template_from_json(content.get("post_processor"), names)
    if template is not None:
        out["template"] = template
    return out


def normalizer_to_json(tokenizer: SubwordTokenizer) -> dict[str, Any] | None:
    """Return the part of ``tokenizer.json`` for the normal form."""
    return None if tokenizer.normalization is None else {"type": tokenizer.normalization.upper()}


def normalizer_from_json(content: dict[str, Any]) -> dict[str, Any]:
    """Return the parameter for the normal form that ``tokenizer.json`` sets.

    Raises
    ------
    StorageError
        For a normalizer that is none of Unicode's forms, naming it, or added tokens that it would change.
    """
    part = content.get("normalizer")
    while isinstance(part, dict) and part.get("type") == "Sequence" and len(part["normalizers"]) < 2:
        part = part["normalizers"][0] if part["normalizers"] else None
    if part is None:
        return {}
    form = part["type"].lower() if isinstance(part, dict) and isinstance(part.get("type"), str) else ""
    if form not in FORMS:
        raise StorageError(
            f"the normalizer {kind_of(part)}, which this release does not read; it reads NFC, NFD, NFKC and NFKD"
        )
    refuse_normalized(content)
    return {"normalization": form}


def refuse_normalized(content: dict[str, Any]) -> None:
    """Raise `StorageError` where an added token is one of the normalized text."""
    for token in content.get("added_tokens") or []:
        if token.get("normalized"):
            raise StorageError(
                f"the added token {token.get('content')!r} is looked for in normalized text, which this release does "
                f"not do; set its 'normalized' to false"
            )


def check_post_processor(content: dict[str, Any]) -> dict[str, Any]:
    """Return `content`; `StorageError` where its post-processor is no template."""
    post = content.get("post_processor")
    kinds = ("TemplateProcessing", "BertProcessing", "RobertaProcessing")
    if post is not None and (not isinstance(post, dict) or post.get("type") not in kinds):
        raise StorageError(f"the post_processor {kind_of(post)}, which this release does not read")
    return content
