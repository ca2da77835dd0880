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
