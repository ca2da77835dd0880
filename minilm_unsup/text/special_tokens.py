"""Tokens that are found in a text before it is tokenised, such as ``<|endoftext|>``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["SpecialToken", "SpecialTokens"]

# \s of the patterns of tokenizers is the property White_Space; str.isspace takes U+001C to U+001F too.
_SPACE = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | set(map(chr, range(0x2000, 0x200B)))


@dataclass(frozen=True, slots=True)
class SpecialToken:
    """A string that is one token wherever it stands in a text.

    Attributes
    ----------
    content : str
        The string, not empty.
    id : int
        Its number in the vocabulary.
    special : bool
        Whether ``decode`` can leave it out.
    lstrip, rstrip : bool
        Whether white space before or behind it belongs to it.
    single_word : bool
        Whether it counts only where no letter, digit or underscore touches it.
    """

    content: str
    id: int
    special: bool = True
    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False


class SpecialTokens:
    """Find special tokens, from the left, the longest where several begin.

    Parameters
    ----------
    tokens : iterable of SpecialToken
    """

    def __init__(self, tokens: Iterable[SpecialToken]) -> None:
        self.tokens = tuple(tokens)
        self._by_content = {token.content: token for token in self.tokens}
        longest_first = sorted(self._by_content, key=lambda content: (-len(content), content))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))
        # A search for these first is many times faster than the pattern where its strings begin differently.
        self._openings = sorted({content[:2] for content in self._by_content})

    def __bool__(self) -> bool:
        return bool(self.tokens)

    def may_occur(self, text: str) -> bool:
        """Whether `find` is worth calling."""
        return any(opening in text for opening in self._openings)

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield start, end and id of each special token in `text`."""
        behind = seen = 0  # the token before; where the white space ends that was last read
        for match in self._pattern.finditer(text) if self.tokens else ():
            token, start, end = self._by_content[match[0]], match.start(), match.end()
            if token.single_word and (_is_word(text[start - 1 : start]) or _is_word(text[end : end + 1])):
                continue
            while token.lstrip and start > behind and text[start - 1] in _SPACE:
                start -= 1
            if token.rstrip:
                end = max(end, seen)  # white space is read once, though a token of it begins at each
                while end < len(text) and text[end] in _SPACE:
                    end += 1
                seen = end
            yield start, end, token.id
            behind = end


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
