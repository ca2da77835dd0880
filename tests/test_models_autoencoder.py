"""The autoencoder: its laws, its estimator contract, its storage."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm_unsup import NotFittedError, StorageError
from minilm_unsup._csr import CSRMatrix
from minilm_unsup.models import Autoencoder
from minilm_unsup.models.mirrored_network import LOSSES
from minilm_unsup.testing import check_gradients

from .strategies import seeds


def binary_rows(n=60, d=10, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, n)
    return (rng.random((n, d)) < 0.1 + 0.5 * (np.arange(d) % 3 == kinds[:, None])).astype(dtype)


@settings(max_examples=40)
@given(
    seeds(),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.integers(1, 6),
    st.integers(1, 4),
    st.sampled_from(sorted(LOSSES)),
    st.sampled_from(["tanh", "sigmoid", "linear"]),
    st.sampled_from([None, "masking", "gaussian"]),
    st.booleans(),
)
def test_gradients_of_the_whole_model(seed, hidden, d, n, loss, activation, noise, sparse):
    X = np.random.default_rng(seed).random((n, d))
    given_ = CSRMatrix.from_dense(X) if sparse else X
    autoencoder = Autoencoder(hidden, activation=activation, loss=loss, noise=noise)
    network = autoencoder._make_network(d, sparse)
    check_gradients(network, given_, loss=LOSSES[loss](), training=True, random_state=seed)


def test_relu_gradients_away_from_kinks():
    rng = np.random.default_rng(4)
    check_gradients(Autoencoder((5, 3))._make_network(6, False), rng.random((4, 6)), loss=LOSSES["squared_error"]())


def test_linear_autoencoder_spans_the_principal_subspace():
    """Baldi and Hornik 1989: with squared error and linear units the minimum is the projection on the PCA subspace."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3)) @ rng.standard_normal((3, 8)) + 0.3 * rng.standard_normal((200, 8))
    X -= X.mean(axis=0)
    fitted = Autoencoder(
        3, activation="linear", loss="squared_error", epochs=800, learning_rate=0.01, batch_size=200, random_state=0
    ).fit(X)
    _, values, components = np.linalg.svd(X, full_matrices=False)
    weight = fitted.parameters_["decoder.0.weight"]
    basis = np.linalg.qr(weight)[0]
    # cosines of the principal angles between both subspaces
    cosines = np.linalg.svd(components[:3] @ basis)[1]
    assert cosines.min() > 0.999
    best = np.square(values[3:]).sum() / X.size
    assert best < -fitted.score(X) < 1.02 * best


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_sparse_rows_train_as_dense_ones(loss):
    X = binary_rows(dtype=np.float64) * (0.5 if loss == "binary_crossentropy" else 1.5)
    models = [
        Autoencoder(4, loss=loss, epochs=5, random_state=1, validation_split=0.2).fit(form)
        for form in (X, CSRMatrix.from_dense(X))
    ]
    # The same sums in another order, over 10 steps: rounding alone.
    np.testing.assert_allclose(models[0].history_["val_loss"], models[1].history_["val_loss"], rtol=1e-9)
    a, b = models
    for form in (X, CSRMatrix.from_dense(X)):
        np.testing.assert_allclose(a.transform(form), b.transform(form), rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(a.reconstruct(form), b.reconstruct(form), rtol=1e-7, atol=1e-10)
        assert a.evaluate(form) == pytest.approx(b.evaluate(form), rel=1e-7)


def test_learns_more_than_a_constant_and_says_so():
    X, unseen = binary_rows(n=900), binary_rows(n=300, seed=1)
    for loss in sorted(LOSSES):
        fitted = Autoencoder(4, loss=loss, epochs=60, learning_rate=0.01, random_state=0).fit(X)
        found = fitted.evaluate(unseen)
        assert found["loss"] < 0.97 * found["constant_loss"]
        assert found["explained_variance"] > 0.1
        assert fitted.score(unseen) == -found["loss"]
        # the constant alone explains nothing
        rebuilt = np.broadcast_to(X.mean(axis=0), unseen.shape)
        assert 1 - np.square(unseen - rebuilt).sum() / np.square(unseen - X.mean(axis=0)).sum() == pytest.approx(0)


def test_reported_loss_is_the_mean_of_the_last_epoch_on_held_out_rows():
    X = binary_rows()
    fitted = Autoencoder(4, epochs=3, random_state=0).fit(X)
    rebuilt = fitted.reconstruct(X).astype(np.float64)
    nll = -(X * np.log(rebuilt) + (1 - X) * np.log1p(-rebuilt)).mean()
    assert fitted.evaluate(X)["loss"] == pytest.approx(nll, rel=1e-5)
    np.testing.assert_allclose(fitted.inverse_transform(fitted.transform(X)), rebuilt, rtol=1e-6)


def test_multinomial_rebuilds_the_mass_of_each_row():
    X = binary_rows() * 3
    fitted = Autoencoder(4, loss="multinomial", epochs=2, random_state=0).fit(X)
    np.testing.assert_allclose(fitted.reconstruct(X).sum(axis=1), X.sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(fitted.inverse_transform(fitted.transform(X)).sum(axis=1), 1, rtol=1e-5)


def test_denoising_rebuilds_damaged_rows_better():
    X, clean = binary_rows(n=2000, d=12), binary_rows(n=500, d=12, seed=5)
    damaged = clean * (np.random.default_rng(0).random(clean.shape) >= 0.4) / 0.6
    settings = {"hidden_sizes": 24, "epochs": 60, "learning_rate": 5e-3, "random_state": 0}
    losses = []
    for noise in (None, "masking"):
        fitted = Autoencoder(noise=noise, noise_level=0.4 if noise else None, **settings).fit(X)
        rebuilt = np.clip(fitted.reconstruct(damaged.astype(np.float32)).astype(np.float64), 1e-6, 1 - 1e-6)
        losses.append(-(clean * np.log(rebuilt) + (1 - clean) * np.log1p(-rebuilt)).mean())
    assert losses[1] < 0.9 * losses[0]


def test_partial_fit_goes_on_where_it_was():
    X = binary_rows()
    stepwise = Autoencoder(4, random_state=0)
    for _ in range(3):
        stepwise.partial_fit(X)
    assert len(stepwise.history_) == 3
    np.testing.assert_array_equal(stepwise._store.data, Autoencoder(4, epochs=3, random_state=0).fit(X)._store.data)
    sparse = Autoencoder(4, random_state=0).partial_fit(CSRMatrix.from_dense(X)).partial_fit(X)
    np.testing.assert_allclose(
        sparse.transform(X), Autoencoder(4, random_state=0).partial_fit(X).partial_fit(X).transform(X), atol=1e-5
    )


def test_same_seed_same_bits_and_inputs_untouched():
    X = binary_rows()
    kept = X.copy()
    X.flags.writeable = False
    a, b = (Autoencoder((6, 3), noise="gaussian", epochs=2, random_state=7).fit(X) for _ in range(2))
    np.testing.assert_array_equal(a._store.data, b._store.data)
    np.testing.assert_array_equal(X, kept)
    assert not np.array_equal(Autoencoder((6, 3), epochs=2, random_state=8).fit(X)._store.data, a._store.data)
    assert a.transform(X).dtype == np.float32
    assert Autoencoder(2, epochs=1, random_state=0).fit(X.astype(np.float64)).transform(X).dtype == np.float64
    assert sorted(a.parameters_) == sorted(a._network.shapes())


@pytest.mark.parametrize("sparse", [False, True])
def test_saved_and_loaded_is_the_same(tmp_path, sparse):
    X = binary_rows()
    given_ = CSRMatrix.from_dense(X) if sparse else X
    fitted = Autoencoder((6, 3), noise="masking", epochs=2, random_state=np.random.default_rng(0)).fit(given_)
    fitted.save(tmp_path / "model")
    for other in (Autoencoder.load(tmp_path / "model"), pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(other.transform(X), fitted.transform(X))
        assert other.evaluate(X) == fitted.evaluate(X)
        assert other.history_ == fitted.history_
        other.partial_fit(X)
        assert len(other.history_) == 3
        assert len(fitted.history_) == 2
    with pytest.raises(FileExistsError):
        fitted.save(tmp_path / "model")
    config, arrays = fitted.get_state()
    for name, change in (("encoder.0.bias", None), ("encoder.0.bias", np.ones(1, np.float32)), ("new", np.ones(1))):
        broken = {k: v for k, v in arrays.items() if k != name}
        if change is not None:
            broken[name] = change
        with pytest.raises(StorageError, match="not whole"):
            Autoencoder.from_state(config, broken)


def test_bad_input_is_named():
    X = binary_rows()
    with pytest.raises(NotFittedError):
        Autoencoder().transform(X)
    for settings_, message in (
        ({"hidden_sizes": 0}, "hidden_sizes must be at least 1"),
        ({"hidden_sizes": ()}, "hidden_sizes must name at least one"),
        ({"activation": "gelu"}, "activation must be one of"),
        ({"loss": "mse"}, "loss must be one of"),
        ({"noise": "salt"}, "noise must be one of"),
        ({"noise": "masking", "noise_level": 1.0}, "noise_level must be"),
        ({"optimizer": "lbfgs"}, "optimizer must be one of"),
        ({"learning_rate": 0.0}, "learning_rate must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"validation_split": 1.0}, "validation_split must be"),
    ):
        with pytest.raises(ValueError, match=message):
            Autoencoder(**settings_).fit(X)
    with pytest.raises(ValueError, match=r"X must lie in \[0, 1\]"):
        Autoencoder().fit(3 * X)
    fitted = Autoencoder(2, epochs=1, random_state=0).fit(X)
    with pytest.raises(ValueError, match="X has 9 features, but Autoencoder is expecting 10"):
        fitted.transform(X[:, :9])
    with pytest.raises(ValueError, match=r"X must have shape \(any, 2\)"):
        fitted.inverse_transform(X)
    with pytest.raises(ValueError, match="NaN"):
        fitted.transform(np.full((2, 10), np.nan))
    # a batch larger than the data is one batch
    Autoencoder(2, epochs=1, batch_size=1000, random_state=0).fit(X)


def test_scikit_learns_own_checks():
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checks.check_estimator(Autoencoder(3, loss="squared_error", epochs=2))


def test_the_rows_of_the_article():
    """Rows 15, 16 and 20: the shapes of the worked case, and codes that are codes."""
    rng = np.random.default_rng(0)
    words = rng.integers(0, 100, size=(50, 100))  # 50 texts of 100 words out of a vocabulary of 100
    counts = np.stack([np.bincount(text, minlength=100) for text in words])
    assert (counts.sum(axis=1) == 100).all()
    assert counts.shape == (50, 100)  # documents by vocabulary, not words by words
    fitted = Autoencoder(10, epochs=1, random_state=0).fit((counts > 0).astype(np.float32))
    shapes = {name: array.shape for name, array in fitted.parameters_.items()}
    assert shapes == {
        "encoder.0.weight": (10, 100),
        "encoder.0.bias": (10,),
        "decoder.0.weight": (100, 10),
        "decoder.0.bias": (100,),
    }
    assert fitted.transform(counts > 0).shape == (50, 10)
    with pytest.raises(NotFittedError):  # the article asks for codes before fit
        Autoencoder(10).transform(counts > 0)
