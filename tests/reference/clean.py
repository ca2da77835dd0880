"""The character passes of the cleaner, one character at a time over a list."""

from __future__ import annotations

import re
import unicodedata

JOINERS = (0x200C, 0x200D)
INVISIBLE = {0xAD, 0xFEFF, 0x200B, 0x2060, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
JOINED = (range(0x0600, 0x0E00), range(0x1F000, 0x110000), range(0x2600, 0x27C0), (0xFE0F, 0x2640, 0x2642))


def _plain(c):
    return (c.isascii() and c.isalnum()) or "０" <= c <= "９" or "Ａ" <= c <= "Ｚ" or "ａ" <= c <= "ｚ"


def fold_characters(text):
    out = []
    text = text.replace("\r\n", "\n")
    for i, c in enumerate(text):
        n = ord(c)
        around = text[i - 1 : i] + text[i + 1 : i + 2]
        if c in "－．／：＠＿" and len(around) == 2 and all(map(_plain, around)):
            out.append(unicodedata.normalize("NFKC", c))
        elif c in "\n\t":
            out.append(c)
        elif c in "\r\x85\u2028\u2029":
            out.append("\n")
        elif c in "\x0b\x0c\x1c\x1d\x1e\x1f":
            out.append(" ")
        elif unicodedata.category(c) in ("Cc", "Cs") or n in INVISIBLE:
            continue
        elif n in JOINERS:
            if out and any(ord(out[-1]) in group for group in JOINED):
                out.append(c)
        elif c in "\u3000\xa0":
            out.append(" ")
        elif "０" <= c <= "９" or "Ａ" <= c <= "Ｚ" or "ａ" <= c <= "ｚ":
            out.append(unicodedata.normalize("NFKC", c))
        else:
            out.append(c)
    return "".join(out)


def collapse_space(text):
    return " ".join(text.split())


def alphanumeric(text):
    return "".join(c for c in text if c.isalnum())


HAN = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFAFF), (0x20000, 0x323AF), (0x3005, 0x3005), (0x3007, 0x3007))


def is_han(c):
    return any(a <= ord(c) <= b for a, b in HAN)


def measure(text):
    solid = [c for c in text if not c.isspace()]
    words, inside = 0, False
    for c in text:
        if is_han(c):
            words, inside = words + 1, False
        elif c.isalnum():
            words, inside = words + (not inside), True
        else:
            inside = False
    letters = sum(c.isalpha() or is_han(c) for c in solid)
    most = max(((solid.count(c), c) for c in set(solid)), default=(0, ""))[0]
    return len(solid), letters, sum(map(is_han, solid)), words, most if 2 * most > len(solid) else 0


def marks(text):
    bits = 1 * ("<" in text or "&" in text) + 2 * ("@" in text) + 4 * ("\n" in text)
    bits += 8 * (
        "://" in text or any(text[i : i + 3].lower() == "www" and text[i + 3] == "." for i in range(len(text) - 3))
    )
    bits += 16 * (not text.isascii())
    bits += 32 * any((ord(c) < 32 and c not in "\t\n") or ord(c) == 127 for c in text)
    return bits + 64 * any("A" <= c <= "Z" for c in text) + 128 * any(map(is_foreign, text))


def line_marks(text):
    patterns = (r"\n--.?(?:\n|\Z)", r"^[ \t]{0,3}[>|]", r"^[ \t]*[-=_*#~+.]{4}", r"^M.{59}", r"^[A-Za-z0-9+/]{60}")
    return sum((re.search(pattern, text, re.M) is not None) << bit for bit, pattern in enumerate(patterns))


def is_foreign(c):
    n = ord(c)
    plain = (
        (0, 0x7F),
        (0xB7, 0xB7),
        (0x2010, 0x2027),
        (0x2030, 0x205E),
        (0x2190, 0x2328),
        (0x232B, 0x24B5),
        (0x24EA, 0x2ADB),
        (0x2E80, 0xA63F),
        (0xAC00, 0xD7A3),
        (0xFF01, 0xFF0D),
        (0xFF0F, 0xFF1F),
        (0x1F000, 0x2F7FF),
    )
    return n in (*range(0x302A, 0x3030), 0x3099, 0x309A) or not any(a <= n <= b for a, b in plain)
