"""Write ``kernels/unicode_classes.h`` from the Unicode character database.

``python tests/make_unicode_classes.py > kernels/unicode_classes.h``, on an interpreter whose `unicodedata`, or with a
package `unicodedata2` that, is of the version below. Tokenizers need the same classes on every Python: ids must not
change with the interpreter.
"""

from __future__ import annotations

import sys
from types import ModuleType

VERSION = "16.0.0"
CATEGORIES = (
    *("Cn", "Cc", "Cf", "Co", "Cs", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No"),
    *("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp"),
)
# The property White_Space, which is \s in the patterns of tokenizers: PropList.txt of Unicode 16.0.
WHITE_SPACE = {*range(0x9, 0xE), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)}
WHITE_SPACE |= {0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
BLOCK = 256


def database() -> ModuleType | None:
    """Return a `unicodedata` of the right version, or None."""
    for name in ("unicodedata", "unicodedata2"):
        try:
            module = __import__(name)
        except ImportError:
            continue
        if module.unidata_version == VERSION:
            return module
    return None


def classes(data: ModuleType) -> bytes:
    """Return the class of each code point: number of its general category, and 32 where it is white space."""
    number = {name: i for i, name in enumerate(CATEGORIES)}
    return bytes(number[data.category(chr(c))] | (32 if c in WHITE_SPACE else 0) for c in range(0x110000))


def header(data: ModuleType) -> str:
    """Return the text of the header: a table of blocks, each block once, and the block of every 256 code points."""
    values = classes(data)
    blocks: dict[bytes, int] = {}
    index = [blocks.setdefault(values[i : i + BLOCK], len(blocks)) for i in range(0, len(values), BLOCK)]
    names = ", ".join(f"UNICODE_{name.upper()}" for name in CATEGORIES)
    out = [
        f"/* Classes of characters, Unicode {VERSION}. Written by tests/make_unicode_classes.py: do not edit. */",
        "#ifndef MINILM_UNICODE_CLASSES_H",
        "#define MINILM_UNICODE_CLASSES_H",
        "",
        "#include <stdint.h>",
        "",
        *_wrap(f"enum {{ {names} }};"),
        "",
        "#define UNICODE_CATEGORY 31 /* of a class: its general category */",
        "#define UNICODE_SPACE 32    /* of a class: the property White_Space */",
        "",
        f"static const uint8_t unicode_block[{len(index)}] = {{",
        *_wrap(", ".join(map(str, index)), "    "),
        "};",
        "",
        f"static const uint8_t unicode_class_in_block[{len(blocks)}][{BLOCK}] = {{",
        *(line for block in blocks for line in _wrap("{" + ", ".join(map(str, block)) + "},", "    ")),
        "};",
        "",
        "/* The class of a code point below 0x110000. */",
        "static inline unsigned unicode_class(uint32_t c)",
        "{",
        "    return unicode_class_in_block[unicode_block[c >> 8]][c & 255];",
        "}",
        "",
        "#endif",
    ]
    assert len(blocks) <= 256
    return "\n".join(out) + "\n"


def _wrap(text: str, indent: str = "") -> list[str]:
    lines, line = [], indent
    for word in text.split(" "):
        if len(line) + len(word) > 118:
            lines.append(line.rstrip())
            line = indent
        line += word + " "
    return [*lines, line.rstrip()]


if __name__ == "__main__":
    found = database()
    if found is None:
        sys.exit(f"needs Unicode {VERSION}: another Python, or the package unicodedata2 of that version")
    sys.stdout.write(header(found))
