import numpy as np
from numpy.typing import NDArray

def repetition(
    text: str, spans: NDArray[np.int64] | None, top: tuple[int, ...], duplicate: tuple[int, ...]
) -> tuple[int, int, int, int, list[int], list[int]]: ...
def measure(text: str) -> tuple[int, int, int, int, int]: ...
