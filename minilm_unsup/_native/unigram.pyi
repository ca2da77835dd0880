"""Types of ``kernels/unigram.pyx``."""

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
        tokens: list[bytes],
        scores: NDArray[Any],
        unknown: int,
        unknown_score: float,
        of_byte: NDArray[Any] | None = ...,
    ) -> None: ...
    def encode(
        self,
        texts: list[str],
        start: int,
        stop: int,
        with_offsets: bool,
        prefix: bool,
        begins: bytes | None = ...,
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...

@final
class Words:
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def add(self, other: Words) -> Words: ...
    def listed(self) -> tuple[bytes, NDArray[Any], NDArray[Any]]: ...

def count_words(words: Words, texts: list[str], start: int, stop: int, prefix: bool) -> Words: ...

@final
class Seeder:
    def __init__(self, utf8: NDArray[Any], starts: NDArray[Any], counts: NDArray[Any], deepest: int) -> None: ...
    @property
    def bounds(self) -> NDArray[Any]: ...
    def find(self, first: int, last: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]: ...

@final
class Pieces:
    def __init__(self, utf8: NDArray[Any], starts: NDArray[Any]) -> None: ...
    def expect(
        self,
        words: NDArray[Any],
        starts: NDArray[Any],
        counts: NDArray[Any],
        first: int,
        last: int,
        scores: NDArray[Any],
        weights: NDArray[Any],
        scale: float,
    ) -> tuple[NDArray[Any], float]: ...
    def losses(self, first: int, last: int, scores: NDArray[Any], counts: NDArray[Any]) -> NDArray[Any]: ...
