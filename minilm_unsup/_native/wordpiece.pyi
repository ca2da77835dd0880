"""Types of ``kernels/wordpiece.pyx``."""

from typing import Any, final

from numpy.typing import NDArray

@final
class Texts:
    def __init__(self, texts: list[str], start: int, stop: int) -> None: ...

@final
class Worker: ...

@final
class Encoder:
    def __init__(
        self,
        heads: list[bytes],
        tails: list[bytes],
        unknown: int,
        *,
        clean: bool,
        split_han: bool,
        strip: bool,
        lower: bool,
        most: int,
    ) -> None: ...
    def encode(
        self, texts: list[str], start: int, stop: int, with_offsets: bool
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...

@final
class Words:
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def add(self, other: Words) -> Words: ...
    def listed(self) -> tuple[bytes, NDArray[Any], NDArray[Any]]: ...

def count_words(words: Words, encoder: Encoder, texts: list[str], start: int, stop: int) -> Words: ...
