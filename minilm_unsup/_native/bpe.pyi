"""Types of ``kernels/bpe.pyx``."""

from typing import Any, Final, final

from numpy.typing import NDArray

RULES: Final[dict[str, int]]

@final
class Texts:
    def __init__(self, texts: list[str], start: int, stop: int) -> None: ...

@final
class Worker: ...

@final
class Encoder:
    merges: NDArray[Any]
    def __init__(self, tokens: list[bytes], merges: NDArray[Any] | None, rule: str, whole_first: bool) -> None: ...
    def encode(
        self,
        texts: list[str],
        start: int,
        stop: int,
        with_offsets: bool,
        prefix: bool,
        trim: bool,
        begins: bytes | None = ...,
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...

@final
class Pieces:
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    @property
    def n_bytes(self) -> int: ...
    def count(self, texts: list[str], start: int, stop: int, rule: str) -> Pieces: ...
    def add(self, other: Pieces) -> Pieces: ...
    def learn(self, alphabet: bytes, n_merges: int, least: int) -> NDArray[Any]: ...

def learn_characters(
    symbols: NDArray[Any],
    starts: NDArray[Any],
    counts: NDArray[Any],
    lengths: NDArray[Any],
    n_merges: int,
    least: int,
) -> NDArray[Any]: ...
