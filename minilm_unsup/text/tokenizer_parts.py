"""Parts of ``tokenizer.json`` that tokenizers of all kinds have."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .._exceptions import StorageError
from .special_tokens import SpecialToken

__all__ = ["added_tokens", "kind_of", "read_bytes", "refuse", "tokens_to_json"]


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
        if not part["content"]:
            raise ValueError("an added token is empty")
        flags = {name: bool(part.get(name, False)) for name in ("special", "lstrip", "rstrip", "single_word")}
        special.append(SpecialToken(str(part["content"]), int(part["id"]), **flags))
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
