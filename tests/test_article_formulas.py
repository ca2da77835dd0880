"""Formulas and code that are often printed wrong: the wrong form fails what the right form passes."""

from __future__ import annotations

import numpy as np
import pytest

from minilm_unsup import Autoencoder, CountVectorizer, KMeans, metrics
from minilm_unsup.nn import Adam, BinaryCrossEntropy, ParameterStore, Workspace


def _right_loss(x, y):
    return float(-(x * np.log(y) + (1 - x) * np.log(1 - y)).mean())


def _best_output(loss, x):
    """The constant output in (0, 1) of the lowest loss."""
    grid = np.linspace(0.001, 0.999, 999)
    return grid[np.argmin([loss(x, np.full_like(x, y)) for y in grid])]


def test_loss_with_its_arguments_swapped():
    x = np.array([0.3, 0.7, 0.4, 0.6])

    def wrong(x, y):
        return float(-(y * np.log(x)).mean())

    assert _best_output(_right_loss, x) == pytest.approx(x.mean(), abs=1e-3)
    assert _best_output(wrong, x) == pytest.approx(0.001)  # the smallest there is, whatever x
    with np.errstate(divide="ignore"):
        assert wrong(np.zeros(3), np.full(3, 0.1)) == np.inf
    logits = np.log(np.full((1, 4), 0.25) / 0.75)
    ours = BinaryCrossEntropy().value(logits, x[None], work=Workspace())
    assert ours == pytest.approx(_right_loss(x, np.full(4, 0.25)))


def test_loss_without_its_second_term():
    x = (np.random.default_rng(0).random(1000) < 0.2).astype(float)

    def wrong(x, y):
        return float(-(x * np.log(y)).mean())

    assert _best_output(_right_loss, x) == pytest.approx(x.mean(), abs=1e-3)
    assert _best_output(wrong, x) == pytest.approx(0.999)


def test_centre_without_membership():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(-5, 1, (50, 2)), rng.normal(9, 1, (100, 2))])
    found = KMeans(2, random_state=0).fit(X)
    for j, centre in enumerate(found.cluster_centers_):
        mine = found.labels_ == j
        wrong = X.sum(axis=0) / mine.sum()
        np.testing.assert_allclose(centre, X[mine].mean(axis=0))
        assert np.abs(wrong - centre).max() > 1


def test_bag_of_words_has_a_row_a_text_and_a_column_a_word():
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{j}" for j in rng.integers(0, 300, 100)) for _ in range(50)]
    X = CountVectorizer().fit_transform(texts)
    assert X.shape == (50, 300)
    assert (X.sum(axis=1) == 100).all()


def test_decoder_mirrors_the_encoder():
    X = (np.random.default_rng(0).random((40, 30)) < 0.2).astype(np.float32)
    weights = Autoencoder((5,), epochs=1, random_state=0).fit(X).parameters_
    assert weights["encoder.0.weight"].shape == (5, 30)
    assert weights["decoder.0.weight"].shape == (30, 5)
    with pytest.raises(ValueError, match="matmul"):
        weights["encoder.0.weight"] @ weights["encoder.0.weight"]


def test_accuracy_of_the_zero_output():
    X = (np.random.default_rng(0).random((400, 200)) < 0.02).astype(np.float32)
    assert metrics.accuracy(X.ravel().astype(int), np.zeros(X.size, dtype=int)) > 0.97
    report = Autoencoder((5,), epochs=1, random_state=0).fit(X[:300]).evaluate(X[300:])
    assert report["loss"] > report["constant_loss"] > 0  # one epoch: no better than a constant, and it says so


def test_codes_before_training():
    rng = np.random.default_rng(0)
    y = np.arange(600) % 3
    X = (rng.random((600, 90)) < np.where(np.arange(90) // 30 == y[:, None], 0.15, 0.05)).astype(np.float32)

    def score(epochs, rate):
        model = Autoencoder((3,), activation="linear", epochs=epochs, learning_rate=rate, random_state=0).fit(X)
        return metrics.nmi(y, KMeans(3, random_state=0, n_init=5).fit(model.transform(X)).labels_)

    assert score(40, 0.01) > score(1, 1e-9) + 0.3


def test_validation_rows_of_sorted_data():
    y = np.sort(np.arange(500) % 5)
    X = np.eye(5, dtype=np.float32)[y]
    last = y[400:]
    assert set(last.tolist()) == {4}  # a validation part of one kind, which training then never sees
    history = Autoencoder((5,), epochs=40, learning_rate=0.02, validation_split=0.2, random_state=0).fit(X).history_
    held_out = Autoencoder((5,), epochs=40, learning_rate=0.02, random_state=0).fit(X[:400]).evaluate(X[400:])
    assert history["val_loss"][-1] < 0.5 * held_out["loss"]


def test_first_step_of_adam():
    for size in (1e-3, 1.0, 1e3):
        store = ParameterStore({"theta": (1,)}, np.float64)
        store.grad[:] = size
        optimizer = Adam(learning_rate=0.01)
        optimizer.step(store, optimizer.first_state(1, np.float64))
        assert store.data[0] == pytest.approx(-0.01, rel=1e-4)  # epsilon is 1e-4 of the smallest gradient, or less
