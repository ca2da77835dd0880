"""The same seed gives the same bits whether code was compiled in this process or came from the cache."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import hashlib
import numpy as np
import minilm_unsup as mu
rng = np.random.default_rng(0)
X = mu.CSRMatrix.from_dense(((rng.random((400, 1500)) < 0.02) * rng.random((400, 1500))).astype(np.float32))
bits = hashlib.sha256()
for loss, values in (("multinomial", X), ("binary_crossentropy", X), ("multinomial", X.toarray())):
    model = mu.Autoencoder((16,), loss=loss, noise="masking", epochs=2, random_state=1).fit(values)
    for array in model.parameters_.values():
        bits.update(array.tobytes())
y = np.arange(400) % 3
bits.update(mu.TextClassifier(model, epochs=2, fine_tune_epochs=2, random_state=0).fit(X.toarray(), y).predict_proba(
    X.toarray()).tobytes())
V = mu.SentenceEmbedder(n_components=8, random_state=0).fit_transform(X)
bits.update(V.tobytes())
bits.update(mu.KMeans(5, metric="cosine", random_state=0).fit(V).cluster_centers_.tobytes())
bits.update(mu.linkage(V, "ward").tobytes())
print(bits.hexdigest())
"""


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_compiled_here_or_from_the_cache(tmp_path):
    def run(threads):
        env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "MINILM_NUM_THREADS": threads}
        done = subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=True)
        return done.stdout

    first = run("2")
    assert run("2") == first
    assert run("1") == first
