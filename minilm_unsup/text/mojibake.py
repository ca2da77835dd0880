"""UTF-8 that was read as Latin-1 or Windows-1252 (``cafÃ©``, ``itâ€™s``, ``ä¸­æ–‡``), and what it was."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .text_edits import Piece

__all__ = ["find_mojibake"]

# Character to byte of both encodings. Windows-1252 leaves five bytes out; programs read these as Latin-1 does.
_BYTES = {chr(byte): byte for byte in range(0x80, 0x100)}
_BYTES |= {bytes((byte,)).decode("cp1252", "ignore"): byte for byte in range(0x80, 0xA0)}
_BYTES.pop("", None)
_FOLLOW = "[" + re.escape("".join(c for c, byte in _BYTES.items() if byte < 0xC0)) + "]"
_SEQUENCE = rf"[\xc2-\xdf]{_FOLLOW}|[\xe0-\xef]{_FOLLOW}{{2}}|[\xf0-\xf4]{_FOLLOW}{{3}}"
_BEGIN = re.compile(rf"[\xc2-\xf4]{_FOLLOW}")  # ten times as fast to look for
_RUN = re.compile(rf"(?:{_SEQUENCE})+")
# What no one writes although it is all letters and signs: single characters of which most are seen.
_TELLING = re.compile("[\x80-\x9f]|[\xc2\xc3]|\xe2[€‚„†ˆ˜™œ]|\xe3€|\xef[¼½»¿]|\xf0Ÿ")
_CLOSING = "…”’»™›"


def find_mojibake(text: str) -> Iterator[Piece]:
    """Yield the runs that are valid UTF-8 once they are bytes again, with what they then say.

    A single character counts where its form is one that text does not have: controls, an Â or Ã before a sign (not at
    the end of a word in capitals, which a quotation mark may follow), the forms of quotation marks, dashes, symbols,
    full-width characters and emoji. Two or more in a row count always.
    """
    if not _BEGIN.search(text):
        return
    for match in _RUN.finditer(text):
        run = match[0]
        try:
            said = bytes(map(_BYTES.__getitem__, run)).decode("utf-8")
        except UnicodeDecodeError:
            continue
        if len(said) == 1:
            before = text[match.start() - 1 : match.start()]
            if not _TELLING.search(run) or (len(run) == 2 and before.isupper() and run[1] in _CLOSING):
                continue
        yield match.start(), match.end(), said
