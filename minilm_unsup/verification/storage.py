"""What is saved comes back, and what is damaged is refused."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from .._exceptions import StorageError
from ..loading import load
from ..models import Autoencoder
from .law import Law

__all__ = ["LAWS"]


def _same(rng: np.random.Generator) -> float:
    X = rng.random((30, 6)).astype(np.float32)
    model = Autoencoder(2, epochs=1, random_state=0).fit(X)
    with tempfile.TemporaryDirectory() as place:
        model.save(f"{place}/model")
        return float(load(f"{place}/model").transform(X).tobytes() != model.transform(X).tobytes())


def _damaged(rng: np.random.Generator) -> float:
    """Share of files with one bit turned over, or cut short, that are read as if they were whole."""
    model = Autoencoder(2, epochs=1, random_state=0).fit(rng.random((30, 6)).astype(np.float32))
    with tempfile.TemporaryDirectory() as place:
        model.save(f"{place}/model")
        path = Path(place, "model", "model.safetensors")
        whole, accepted = path.read_bytes(), 0
        for i in range(20):
            content = bytearray(whole)
            if i % 2:
                content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
            else:
                del content[int(rng.integers(len(content))) :]
            path.write_bytes(content)
            try:
                load(f"{place}/model")
                accepted += 1
            except StorageError:
                continue
    return accepted / 20


LAWS = [
    Law("storage", "a saved model gives the same bits", _same, 0),
    Law("storage", "damaged files are refused (share accepted)", _damaged, 0, draws=2),
]
