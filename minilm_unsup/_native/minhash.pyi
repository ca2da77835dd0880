"""Types of ``kernels/minhash.pyx``."""

from typing import Any, final

from numpy.typing import NDArray

@final
class Shingler:
    def __init__(self, size: int) -> None: ...
    def shingle(self, texts: list[str], start: int, stop: int) -> tuple[NDArray[Any], NDArray[Any]]: ...

def sign(
    shingles: NDArray[Any], bounds: NDArray[Any], keys: NDArray[Any], start: int, stop: int, out: NDArray[Any]
) -> None: ...
def jaccard(shingles: NDArray[Any], bounds: NDArray[Any], a: int, b: int) -> float: ...
