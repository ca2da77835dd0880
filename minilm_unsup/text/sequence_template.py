"""What stands around a text, or between two: the special tokens of a sequence, and cutting it to a length."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._exceptions import StorageError
from .encoding import Encoding

__all__ = ["PaddedBatch", "Part", "apply", "parse", "template_from_json", "template_to_json", "truncated_lengths"]

_PART = re.compile(r"(\$(?:[AB]|[0-9]+)?|.+?)(?::([0-9]+))?", re.S)
_BERT = ("{cls} $A {sep}", "{cls} $A {sep} $B:1 {sep}:1")
_ROBERTA = ("{cls} $A {sep}", "{cls} $A {sep} {sep} $B {sep}")


@dataclass(frozen=True)
class Part:
    """A place in a sequence.

    Attributes
    ----------
    text : int or None
        0 for the first text, 1 for the second; None for a token.
    token : str
        The special token; empty for a text.
    type_id : int
        What `Encoding.type_ids` says there.
    """

    text: int | None
    token: str
    type_id: int


@dataclass(frozen=True)
class PaddedBatch:
    """Sequences of one length, for a model.

    Attributes
    ----------
    ids : ndarray (N, T) int32
    mask : ndarray (N, T) bool
        False where a sequence was padded.
    type_ids : ndarray (N, T) int32
    """

    ids: NDArray[np.int32]
    mask: NDArray[np.bool_]
    type_ids: NDArray[np.int32]


def parse(template: Sequence[str]) -> tuple[list[Part], list[Part]]:
    """Return the parts of a sequence of one text and of two.

    `template`: one or two strings such as ``"[CLS] $A [SEP]"`` and ``"[CLS] $A [SEP] $B:1 [SEP]:1"``: ``$A`` and ``$B``
    are the texts, anything else is a token, and a number behind a colon is its type.

    Raises
    ------
    TypeError, ValueError
        For anything else.
    """
    if isinstance(template, str):
        raise TypeError(f"template must be a list of one or two strings, got a single one; wrap it: [{template!r}]")
    strings = list(template)
    if len(strings) > 2 or not all(isinstance(string, str) for string in strings):
        raise ValueError(f"template must be a list of one or two strings, got {strings!r}")
    parsed = [[_part(word) for word in string.split()] for string in strings]
    for n, parts in enumerate(parsed, 1):
        texts = [part.text for part in parts if part.text is not None]
        if sorted(texts) != list(range(n)):
            wanted = "$A once" if n == 1 else "$A and $B once each"
            raise ValueError(f"template[{n - 1}] must hold {wanted}, got {strings[n - 1]!r}")
    single = parsed[0] if parsed else [Part(0, "", 0)]
    return single, parsed[1] if len(parsed) > 1 else [Part(0, "", 0), Part(1, "", 1)]


def _part(word: str) -> Part:
    match = _PART.fullmatch(word)
    assert match is not None  # a word is not empty
    name, number = match[1], int(match[2] or 0)
    if not name.startswith("$"):
        return Part(None, name, number)
    if name[1:].isdigit():
        return Part(0, "", int(name[1:]))
    return Part(int(name == "$B"), "", number)


def truncated_lengths(lengths: Sequence[int], most: int) -> list[int]:
    """Return how much of one text or of two stays where `most` tokens may: the longer one is cut first.

    Where both must be cut, each keeps half, the longer one the odd token.
    """
    if sum(lengths) <= most:
        return list(lengths)
    if len(lengths) == 1:
        return [most]
    short, long = sorted(lengths)
    long = short if short > most else max(short, most - short)
    if short + long > most:
        short = most // 2
        long = short + most % 2
    return [short, long] if lengths[0] <= lengths[1] else [long, short]


def apply(
    texts: Sequence[Encoding], parts: Sequence[Part], vocabulary: Mapping[str, int], max_length: int | None
) -> Encoding:
    """Return one encoding of one text or of two; offsets are those within each text, ``(0, 0)`` of added tokens."""
    if max_length is not None:
        n_added = sum(part.text is None for part in parts)
        kept = truncated_lengths([len(text) for text in texts], max_length - n_added)
        texts = [Encoding(t.ids[:n], t.offsets[:n]) for t, n in zip(texts, kept, strict=True)]
    ids, offsets, types = [], [], []
    for part in parts:
        if part.text is None:
            ids.append(np.array([vocabulary[part.token]], dtype=np.int32))
            offsets.append(np.zeros((1, 2), dtype=np.int64))
        else:
            ids.append(texts[part.text].ids)
            offsets.append(texts[part.text].offsets)
        types.append(np.full(len(ids[-1]), part.type_id, dtype=np.int32))
    if any(len(i) != len(o) for i, o in zip(ids, offsets, strict=True)):  # encoded without offsets
        offsets = [np.empty((0, 2), dtype=np.int64)]
    return Encoding(np.concatenate(ids), np.concatenate(offsets), np.concatenate(types))


def template_to_json(template: Sequence[str], vocabulary: Mapping[str, int]) -> dict[str, Any] | None:
    """Return the post-processor of ``tokenizer.json`` that stands for `template`; None for none."""
    if not template:
        return None
    both = parse(template)
    names = {part.token for parts in both for part in parts if part.token}
    for name in sorted(names - vocabulary.keys()):
        raise ValueError(f"template must name tokens of the vocabulary, got {name!r}")
    written = [
        [
            {"SpecialToken": {"id": part.token, "type_id": part.type_id}}
            if part.text is None
            else {"Sequence": {"id": "AB"[part.text], "type_id": part.type_id}}
            for part in parts
        ]
        for parts in both
    ]
    return {
        "type": "TemplateProcessing",
        "single": written[0],
        "pair": written[1],
        "special_tokens": {name: {"id": name, "ids": [vocabulary[name]], "tokens": [name]} for name in sorted(names)},
    }


def template_from_json(part: Any, names: Mapping[int, str]) -> tuple[str, ...] | None:
    """Return the template that a post-processor stands for; None where it is of another kind.

    Raises
    ------
    ValueError
        For a damaged one, or one with several ids for a token.
    """
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in ("BertProcessing", "RobertaProcessing"):
        tokens = {name: part[name][0] for name in ("sep", "cls")}
        return _checked([text.format(**tokens) for text in (_BERT if kind == "BertProcessing" else _ROBERTA)], names)
    if kind != "TemplateProcessing":
        return None
    special = part.get("special_tokens") or {}
    out = []
    for which in ("single", "pair"):
        words = []
        for place in part[which]:
            (sort, value), *rest = place.items()
            if type(value["type_id"]) is not int or not 0 <= value["type_id"] < 2**31:
                raise ValueError(f"a type_id of its post_processor must be a whole number, got {value['type_id']!r}")
            number = f":{value['type_id']}" if value["type_id"] else ""
            if sort == "Sequence" and not rest:
                if value["id"] not in ("A", "B"):
                    raise ValueError(f"a text of its post_processor must be 'A' or 'B', got {value['id']!r}")
                words.append(f"${value['id']}{number}")
                continue
            ids = special[value["id"]]["ids"]
            if len(ids) != 1 or ids[0] not in names:
                raise ValueError(f"the token {value['id']!r} of its post_processor must have one id of the vocabulary")
            words.append(names[ids[0]] + number)
        out.append(" ".join(words))
    return _checked(out, names)


def _checked(template: Sequence[str], names: Mapping[int, str]) -> tuple[str, ...]:
    """The template of a file, whose tokens may be such that a template cannot name them."""
    known = set(names.values())
    for part in itertools.chain(*parse(template)):
        if part.token and part.token not in known:
            raise StorageError(f"the token {part.token!r} of the post_processor, which a template here cannot name")
    return tuple(template)
