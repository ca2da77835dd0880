"""Stop words found in running text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from .text_edits import Piece

__all__ = ["stop_word_finder"]

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af\u3005\u3007"
_LETTERS = rf"[^\W\d_{_HAN}]+"
_RUN = re.compile(rf"({_LETTERS}(?:['’]{_LETTERS})*)|[{_HAN}]+")
# A word that hangs on another (well-known, U.S., a/b, c_d, 5a) is part of a name or a number.
_HANGS_BEFORE = re.compile(r"[\d_\-/@&+#.]$")
_HANGS_BEHIND = re.compile(r"[\d_/@&+#]|[-.]\w")


def stop_word_finder(words: frozenset[str], segmenter: Any) -> Callable[[str], Iterator[Piece]]:
    """Return a function that yields the places of `words` (lower case) in a text, a space in place of each.

    Words of letters are told by their neighbours. Those of Han need `segmenter`, an object whose ``encode`` gives
    offsets (`ChineseSegmenter`): 的 in 目的 is no word. None leaves Han as it is. A space stands for each, so
    that what was apart stays apart.
    """

    def find(text: str) -> Iterator[Piece]:
        for match in _RUN.finditer(text):
            start, end = match.span()
            if match[1]:
                if match[1].lower().replace("’", "'") not in words:
                    continue
                if not _HANGS_BEFORE.match(text[start - 1 : start]) and not _HANGS_BEHIND.match(text[end : end + 2]):
                    yield start, end, " "
            elif segmenter is not None:
                for a, b in segmenter.encode(match[0]).offsets.tolist():
                    if match[0][a:b] in words:
                        yield start + a, start + b, " "

    return find
