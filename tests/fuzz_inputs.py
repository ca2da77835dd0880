"""Hostile input for `fuzz_kernels`: texts of every kind that Python holds, and damaged files, all from one `Random`."""

from __future__ import annotations

import functools
import gzip
import json
import os
from pathlib import Path
from random import Random
from typing import Any

# Characters by what they are good for; a text draws from a few of these.
ALPHABETS = [
    "ab ",
    "".join(map(chr, range(0x20, 0x7F))),
    "".join(map(chr, range(0x00, 0x20))) + "\x7f\x80\x85\x9f",
    "".join(map(chr, range(0xA0, 0x100))),
    "\t\n\v\f\r \x1c\x1f\x85\xa0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff",
    "\u0300\u0301\u0308\u0327\u0345\u0483\u05b0\u0610\u064b\u0903\u093e\u094d\u0e31\u1ab0\u20d0\u3099\ufe0f\U0001d165",
    "\U0001f468\u200d\U0001f469\U0001f467\U0001f3fd\ufe0f\U0001f1e9\U0001f1ea\u20e3#\U000e0067\U000e007f❤☎",
    "אבגדשםם\u05b0ابجدهوي\u064b\u0640\u200e\u200f\u202a\u202e\u202c\u2066\u2069",
    "的了在是我天地人研究生命起源一二三上下",
    "㐀䶵豈﨨〇々○\U00020000\U0002a6df\U0002b740\U0002f800\U0002fa1f\U00030000\U0003134f\U000323af",
    "ぁあんゝァアンー・ｱﾞー",
    "각가각힣ㄱㆎꥠퟻ",
    "कखग्ष\u200dक\u0940\u093f१२กขไ๑ၐ",
    "ＡＺａｚ０９＿．＋＃＇，！\u3000～￥",
    "0123456789０१²½Ⅷ①٣𝟙,.",
    "İıßẞŉǰΐﬁﬆﬀﬃςΣσǅǆŒÅAͅᾈﷺ",
    "'’`´\"“”‘-–—_.,;:!?…()[]{}<>#+@&/\\|~^$%*=",
    "\ufffd\ufffe\uffff\U0001ffff\U0010ffff\ue000\ud7ff\U000f0000",
]
FRAGMENTS = [
    "<",
    "<!--",
    "-->",
    "<![CDATA[",
    "<script",
    "</script>",
    "<style>",
    "<a href='",
    "<br/>",
    "</",
    "&",
    "&amp;",
    "&amp;lt;",
    "&#",
    "&#x",
    "&#0;",
    "&#xD800;",
    "&#99999999999999999999;",
    "&nbsp",
    "&notit;",
    "http://",
    "https://a.b/c?d=(e)",
    "www.",
    "mailto:",
    "a@b.co",
    "@",
    "\n> ",
    "\n>>",
    "\n-- \n",
    "begin 644 x\n",
    "M'85",
    "don't",
    "l'homme",
    "c++",
    "c#",
    "node.js",
    "u.s.a",
    "3.14",
    "1,000",
    "snake_case",
    "用GPT写",
    "'s",
    "'ll",
    "'RE",
    "<unk>",
    "[UNK]",
    "[CLS]",
    "<s>",
    "<0x41>",
    "▁",
    "##",
    "Ġ",
    "DE89 3704 0044 0532 0130 00",
    "4111 1111 1111 1111",
    "11010519491231002X",
    "13800138000",
    "+1 (415) 555-2671",
    "::1",
    "2001:db8::ff00:42:8329",
    "192.168.0.1",
    "00:1A:2b:3C:4d:5e",
    "京A12345",
    "卡号",
    "订单",
    "91350100M000100Y43",
    "-" * 30,
    "0" * 20,
]
LENGTHS = [
    0,
    1,
    2,
    3,
    5,
    7,
    8,
    9,
    14,
    15,
    16,
    17,
    18,
    23,
    24,
    31,
    32,
    33,
    63,
    64,
    65,
    127,
    128,
    129,
    255,
    256,
    257,
    1000,
]
LONG = [4095, 4096, 4097, 65_535, 65_536, 65_537, 70_000]


@functools.cache
def corpus() -> tuple[str, ...]:
    """Texts of data sets in several languages where ``MINILM_DATA`` names a folder of them; else none."""
    folder = os.environ.get("MINILM_DATA")
    texts = []
    for name in (
        "20news/20news_body.tsv.gz",
        "thucnews/thucnews.tsv.gz",
        "zh_web_passages/zh_web_passages.test.txt.gz",
    ):
        path = Path(folder or "/nonexistent") / name
        if path.exists():
            with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
                texts += [line for line, _ in zip(file, range(2000), strict=False)]
    return tuple(texts)


def character(rng: Random) -> str:
    roll = rng.random()
    if roll < 0.02:
        return chr(rng.randrange(0xD800, 0xE000))
    if roll < 0.08:
        return chr(rng.choice([rng.randrange(0x80), rng.randrange(0x10000), rng.randrange(0x110000)]))
    return rng.choice(rng.choice(ALPHABETS))


def _run(rng: Random) -> str:
    unit = "".join(character(rng) for _ in range(rng.choice([1, 1, 1, 2, 3])))
    return unit * rng.choice(LONG if rng.random() < 0.03 else LENGTHS)


def _mixed(rng: Random) -> str:
    letters = [rng.choice(ALPHABETS) for _ in range(rng.randint(1, 3))]
    return "".join(rng.choice(rng.choice(letters)) for _ in range(rng.choice(LENGTHS)))


def _any(rng: Random) -> str:
    return "".join(character(rng) for _ in range(rng.choice(LENGTHS)))


def _marked(rng: Random) -> str:
    return "".join(rng.choice(FRAGMENTS) if rng.random() < 0.6 else character(rng) for _ in range(rng.randint(1, 40)))


def _nested(rng: Random) -> str:
    unit = rng.choice(FRAGMENTS)
    return unit * rng.choice(LENGTHS)


def _bytes(rng: Random) -> str:
    content = rng.randbytes(rng.choice(LENGTHS)) if rng.random() < 0.5 else mutated(rng, _mixed(rng).encode("utf-8"))
    return content.decode(rng.choice(["utf-8", "utf-8", "latin-1"]), "surrogateescape")


def _real(rng: Random) -> str:
    if not corpus():
        return _mixed(rng)
    text = rng.choice(corpus())
    at = rng.randrange(len(text) + 1)
    text = text[at : at + rng.choice([20, 100, 1000])]
    return mutated(rng, text.encode("utf-8")).decode("utf-8", rng.choice(["replace", "ignore", "surrogateescape"]))


def text(rng: Random) -> str:
    """One text; a third of them are of more than one part."""
    parts = [
        rng.choice([_run, _mixed, _any, _marked, _nested, _bytes, _real])(rng) for _ in range(rng.choice([1, 1, 2]))
    ]
    out = "".join(parts)
    if rng.random() < 0.75:  # most texts are such as every kernel takes
        out = out.encode("utf-8", "replace").decode("utf-8")
    return out


def texts(rng: Random) -> list[str]:
    n = rng.choice([0, 1, 1, 2, 3, 5, 8])
    out = [text(rng) for _ in range(n)]
    if out and rng.random() < 0.2:
        out += [rng.choice(out) for _ in range(rng.randint(1, 5))]
    if out and rng.random() < 0.02:
        out = [rng.choice(out)[:50] for _ in range(rng.choice([1023, 1024, 1025, 3000]))]  # more than one block
    return out


def mutated(rng: Random, content: bytes) -> bytes:
    """`content` with bytes flipped, parts cut out, doubled or put elsewhere."""
    out = bytearray(content)
    for _ in range(rng.choice([0, 1, 1, 2, 5, 20])):
        at = rng.randrange(len(out) + 1)
        size = rng.choice([1, 1, 2, 4, 16, 100])
        sort = rng.randrange(6)
        if sort == 0 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif sort == 1 and at < len(out):
            out[at] = rng.randrange(256)
        elif sort == 2:
            del out[at : at + size]
        elif sort == 3:
            out[at:at] = out[at : at + size]
        elif sort == 4:
            place = rng.randrange(len(out) + 1)
            out[at:at] = out[place : place + size]
        elif rng.random() < 0.2:
            del out[at:]
    return bytes(out)


def _value(rng: Random) -> Any:
    """Any JSON value, most of them wrong where they are put."""
    deep: Any = rng.choice([1, "x", []])
    for _ in range(rng.choice([1, 3, 50, 150])):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    return rng.choice(
        [
            None,
            True,
            False,
            0,
            1,
            -1,
            2,
            255,
            256,
            300,
            2**31 - 1,
            2**31,
            2**32,
            2**63,
            -(2**31),
            10**30,
            10**400,
            0.5,
            1e308,
            -1e308,
            float("inf"),
            float("nan"),
            "",
            "a",
            " ",
            "ab",
            "Ġ",
            "##",
            "##a",
            "▁",
            "<0x41>",
            "[UNK]",
            "\ud800",
            "\0",
            "猫",
            "x" * 300,
            [],
            [[]],
            ["a", "b"],
            ["a b"],
            [0, 1],
            {},
            {"a": 0},
            {"type": "Sequence"},
            {"id": "A", "type_id": 0},
            {"id": 1, "content": "a"},
            {"id": 2**31, "content": "a"},
            {"id": -1, "content": "b"},
            {"type": "ByteLevel"},
            deep,
        ]
    )


def _places(value: Any) -> list[tuple[Any, Any]]:
    """All (container, key) pairs in a JSON value."""
    found, todo = [], [value]
    while todo:
        part = todo.pop()
        keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else []
        for key in keys:
            found.append((part, key))
            todo.append(part[key])
    return found


def mutated_json(rng: Random, content: bytes) -> bytes:
    """A JSON file with values changed in its tree, and perhaps bytes after that."""
    tree = json.loads(content)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 4])):
        # Half of the changes high up in the tree: most of the places are of the vocabulary.
        places = _places(tree)
        if rng.random() < 0.7:
            places = [place for place in places if len(place[0]) < 30] or places
        if not places:
            break
        part, key = rng.choice(places)
        sort = rng.randrange(7)
        if sort == 0 and isinstance(part, dict):
            del part[key]
        elif sort == 1 and isinstance(part, list):
            part.insert(key, part[rng.randrange(len(part))])
        elif sort == 2 and isinstance(part, list):
            rng.shuffle(part)
        elif sort == 3 and isinstance(part, list):
            del part[key:]
        elif sort == 4:
            other, there = rng.choice(places)
            part[key] = json.loads(json.dumps(other[there]))
        elif sort == 5 and isinstance(part, dict):
            part[rng.choice(["a", "", "ab", "aaa", "##ab", "▁a", "[UNK]", "\ud800", "zz"])] = part[key]
        else:
            part[key] = _value(rng)
    out = json.dumps(tree, ensure_ascii=rng.random() < 0.5).encode("utf-8", "replace")
    if rng.random() < 0.1:
        out = out.replace(b"{", b'{"model": 1, "vocab": {}, ', rng.choice([1, 2]))  # keys that come twice
    return mutated(rng, out) if rng.random() < 0.2 else out
