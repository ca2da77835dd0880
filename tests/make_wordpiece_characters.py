"""Write ``kernels/wordpiece_characters.h``: what BERT's normaliser and splitter do to each character.

``python tests/make_wordpiece_characters.py > kernels/wordpiece_characters.h``, with the packages `tokenizers` and
`unicodedata2`. Hugging Face's library takes categories, decompositions and lower case each from another version of
Unicode; to give the same ids, each character is asked for. Combining classes never change once a character has one:
their values are Unicode's.
"""

from __future__ import annotations

import sys
from typing import Any

DROPPED, SPACE, PUNCTUATION, MARK, DECOMPOSES, LOWERS, HAN, REORDERS = (1 << i for i in range(8))
FLAGS = ("DROPPED", "SPACE", "PUNCTUATION", "MARK", "DECOMPOSES", "LOWERS", "HAN", "REORDERS")
BLOCK = 256
CHARACTERS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)  # decomposed by rule


def normalizer(normalizers: Any, **on: bool) -> Any:
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizers.BertNormalizer(**(off | on))


def probe() -> tuple[list[int], dict[int, str], dict[int, str], dict[int, int]]:
    """Return the flags of each code point, decompositions, lower cases, and the combining classes that are not 0."""
    import unicodedata2
    from tokenizers import normalizers, pre_tokenizers

    clean = normalizer(normalizers, clean_text=True)
    han = normalizer(normalizers, handle_chinese_chars=True)
    strip = normalizer(normalizers, strip_accents=True)
    lower = normalizer(normalizers, lowercase=True)
    decompose, split = normalizers.NFD(), pre_tokenizers.BertPreTokenizer()
    flags, decomposed, lowered, classes = [0] * 0x110000, {}, {}, {}
    for c in CHARACTERS:
        s = chr(c)
        parts = len(split.pre_tokenize_str(f"a{s}b"))
        flags[c] |= DROPPED * (clean.normalize_str(s) == "") | SPACE * (parts == 2) | PUNCTUATION * (parts == 3)
        flags[c] |= HAN * (han.normalize_str(s) == f" {s} ")
        flags[c] |= MARK * (strip.normalize_str(s) == "")
        if (form := decompose.normalize_str(s)) != s:
            flags[c] |= DECOMPOSES
            decomposed[c] = form
        if (form := lower.normalize_str(s)) != s:
            flags[c] |= LOWERS
            lowered[c] = form
        if c == 0x345 or decompose.normalize_str("\u0345" + s) == s + "\u0345":
            classes[c] = unicodedata2.combining(s)
    for c in CHARACTERS:  # kept, and out of its place where others follow
        elements = map(ord, decomposed.get(c, chr(c)))
        flags[c] |= REORDERS * any(e in classes and not flags[e] & MARK for e in elements)
    return flags, {c: form for c, form in decomposed.items() if c not in HANGUL}, lowered, classes


def header() -> str:
    flags, decomposed, lowered, classes = probe()
    values = bytes(flags)
    blocks: dict[bytes, int] = {}
    index = [blocks.setdefault(values[i : i + BLOCK], len(blocks)) for i in range(0, len(values), BLOCK)]
    assert len(blocks) <= 256
    out = [
        "/* What BERT's normaliser and splitter do to each character. Written by tests/make_wordpiece_characters.py:",
        " * do not edit. */",
        "#ifndef MINILM_WORDPIECE_CHARACTERS_H",
        "#define MINILM_WORDPIECE_CHARACTERS_H",
        "",
        "#include <stdint.h>",
        "",
        *(f"#define WP_{name} {1 << i}" for i, name in enumerate(FLAGS)),
        "",
        f"static const uint8_t wp_block[{len(index)}] = {{",
        *_wrap(index),
        "};",
        "",
        f"static const uint8_t wp_flags_in_block[{len(blocks)}][{BLOCK}] = {{",
        *(line for block in blocks for line in _wrap(block, "{", "},")),
        "};",
        "",
        "typedef struct {",
        "    uint32_t of, to[4]; /* the rest 0 */",
        "} WpForm;",
        "",
        *_forms("wp_decomposed", decomposed),
        *_forms("wp_lowered", lowered),
        "typedef struct {",
        "    uint32_t of, combining;",
        "} WpClass;",
        "",
        f"#define WP_CLASSES {len(classes)}",
        "static const WpClass wp_classes[WP_CLASSES] = {",
        *_wrap([f"{{{c}, {k}}}" for c, k in sorted(classes.items())]),
        "};",
        "",
        "/* The flags of a code point below 0x110000. */",
        "static inline unsigned wp_flags(uint32_t c)",
        "{",
        "    return wp_flags_in_block[wp_block[c >> 8]][c & 255];",
        "}",
        "",
        "#endif",
    ]
    return "\n".join(out) + "\n"


def _forms(name: str, forms: dict[int, str]) -> list[str]:
    assert max(map(len, forms.values())) <= 4
    rows = [f"{{{c}, {{{', '.join(str(ord(x)) for x in form)}}}}}" for c, form in sorted(forms.items())]
    size = name.upper()
    return [f"#define {size} {len(forms)}", f"static const WpForm {name}[{size}] = {{", *_wrap(rows), "};", ""]


def _wrap(values: Any, before: str = "", behind: str = "") -> list[str]:
    lines, line = [], "    " + before
    for value in values:
        word = f"{value}, "
        if len(line) + len(word) > 118:
            lines.append(line.rstrip())
            line = "    "
        line += word
    return [*lines, line.rstrip(", ") + behind]


if __name__ == "__main__":
    sys.stdout.write(header())
