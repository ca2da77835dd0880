"""The variational autoencoder: its bound against closed forms, its gradients, its contract."""

from __future__ import annotations

import math
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm_unsup import CollapseWarning, NotFittedError, StorageError, load, set_num_threads
from minilm_unsup._csr import CSRMatrix
from minilm_unsup.models import VariationalAutoencoder
from minilm_unsup.models.mirrored_network import LOSSES
from minilm_unsup.nn import GaussianKL, ParameterStore, Workspace
from minilm_unsup.training import ModelCheckpoint
from minilm_unsup.training.variational_task import VariationalTask

from .strategies import seeds

SMALL = {"latent_size": 3, "random_state": 0, "epochs": 3, "batch_size": 16}


def quiet(model, X, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        return model.fit(X, **more)


def rows(n=80, d=10, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, n)
    return (rng.random((n, d)) < 0.05 + 0.7 * (np.arange(d) % 3 == kinds[:, None])).astype(dtype)


@settings(max_examples=25)
@given(
    seeds(),
    st.lists(st.integers(1, 4), max_size=2),
    st.sampled_from(sorted(LOSSES)),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from([None, "masking"]),
    st.booleans(),
    st.booleans(),
)
def test_gradients_of_the_bound_equal_central_differences(seed, hidden, loss, free, noise, sparse, warming):
    rng = np.random.default_rng(seed)
    X = rng.random((4, 5))
    model = VariationalAutoencoder(hidden, latent_size=2, activation="tanh", loss=loss, noise=noise)
    network = model._make_network(5, sparse)
    store = ParameterStore(network.shapes(), np.float64)
    store.data[:] = 0.5 * rng.standard_normal(store.size)
    data = CSRMatrix.from_dense(X) if sparse else X

    if noise and warming:
        warming = False  # the damaged rows are not kept, so that their weighted divergence cannot be written down here

    def value(weight):
        """The bound with the divergence at `weight`: 1 in what is told, a third in the first of three steps."""
        task = VariationalTask(
            network, LOSSES[loss](), store, data, scale=1.7, divergence=GaussianKL(free), n_warm_up=3 * warming
        )
        total = task.gradients(np.arange(4), np.random.default_rng(1))
        if weight == 1:
            return total
        codes, _ = network["encoder"].forward(store.params.scope("encoder"), data, work=Workspace())
        return total - (1 - weight) * float(np.maximum(GaussianKL().of_features(codes), free).sum())

    weight = 1 / 3 if warming else 1
    value(weight)
    found = store.grad.copy()
    step = 1e-6
    for i in rng.choice(store.size, min(store.size, 25), replace=False):
        kept = store.data[i]
        sides = []
        for sign in (1, -1):
            store.data[i] = kept + sign * step
            sides.append(value(weight))
        store.data[i] = kept
        expected = (sides[0] - sides[1]) / (2 * step)
        assert found[i] == pytest.approx(expected, rel=1e-4, abs=1e-5), store.describe(int(i))


def test_the_bound_lies_below_the_likelihood_which_a_linear_model_has_in_closed_form():
    """With a linear decoder and unit variance x ~ N(b, W W' + I) (Tipping and Bishop 1999)."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 2)) @ rng.standard_normal((2, 5)) + rng.standard_normal((300, 5))
    model = quiet(
        VariationalAutoencoder((), latent_size=2, loss="squared_error", epochs=200, learning_rate=0.01, random_state=0),
        X,
    )
    bound, likelihood = model.bounds(X, n_samples=400)
    W, b = model.parameters_["decoder.0.weight"], model.parameters_["decoder.0.bias"]
    covariance = W @ W.T + np.eye(5)
    off = X - b
    exact = -0.5 * np.einsum("ij,jk,ik->i", off, np.linalg.inv(covariance), off)
    exact -= 0.5 * (np.linalg.slogdet(covariance)[1] + 5 * math.log(2 * math.pi))
    assert bound.mean() < exact.mean()
    np.testing.assert_allclose(likelihood.mean(), exact.mean(), atol=0.05)
    assert exact.mean() - bound.mean() < 0.3  # the posterior of a linear model is normal: the bound is nearly tight
    # It finds the subspace of the principal components.
    _, _, axes = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    basis = np.linalg.qr(W)[0]
    assert np.linalg.svd(axes[:2] @ basis, compute_uv=False).min() > 0.97


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_more_draws_come_nearer_from_below(loss):
    X = rows(60)
    model = quiet(VariationalAutoencoder(8, **{**SMALL, "epochs": 10}, loss=loss), X)
    bound, few = model.bounds(X, n_samples=1)
    _, some = model.bounds(X, n_samples=8)
    _, many = model.bounds(X, n_samples=64)
    np.testing.assert_allclose(few.mean(), bound.mean(), atol=2.5)  # of one draw they have one mean
    assert few.mean() < some.mean() + 0.05 < many.mean() + 0.1
    assert model.score(X) == pytest.approx(model.bounds(X)[0].mean())
    assert model.history_["loss"][-1] < model.history_["loss"][0]


def test_contract_and_samples():
    X = rows(dtype=np.float64)
    for data in (X, X.astype(np.float32), CSRMatrix.from_dense(X)):
        model = quiet(VariationalAutoencoder((8, 6), **SMALL, validation_split=0.2), data)
        assert model.transform(data).shape == (80, 3)
        assert model.inverse_transform(np.zeros((2, 3))).shape == (2, 10)
        assert model.reconstruct(data).shape == (80, 10)
        made = model.sample(7, random_state=1)
        assert made.shape == (7, 10)
        assert ((made >= 0) & (made <= 1)).all()
        assert model.sample(7, random_state=1).tobytes() == made.tobytes()
        assert len(model.history_["val_loss"]) == 3
        found = model.evaluate(data)
        assert {"bound", "log_likelihood", "divergence", "active_features", "loss"} <= set(found)
        assert found["bound"] <= found["log_likelihood"] + 1e-9
        assert model.get_feature_names_out()[0] == "variationalautoencoder0"
        model.partial_fit(data)
        assert len(model.history_["loss"]) == 4


def test_codes_tell_kinds_apart_and_samples_are_like_the_rows():
    X = rows(600, d=12)
    model = VariationalAutoencoder(
        32, latent_size=2, epochs=60, learning_rate=0.005, warm_up=10, free_nats=0.05, random_state=0
    ).fit(X)
    assert model.evaluate(X)["active_features"] >= 1
    made = model.sample(500, random_state=0)
    groups = np.array([made[:, k::3].mean(axis=1) for k in range(3)])
    assert (np.bincount(groups.argmax(axis=0), minlength=3) > 50).all()
    assert np.median(groups.max(axis=0)) > 0.5


def test_same_bits_on_any_number_of_threads_and_after_a_stop(tmp_path):
    X = rows()
    settings = {**SMALL, "noise": "masking", "warm_up": 2.5, "free_nats": 0.1}
    results = []
    try:
        for n_threads in (1, 2):
            set_num_threads(n_threads)
            model = quiet(VariationalAutoencoder(8, **{**settings, "epochs": 4}), X)
            results.append((model.transform(X).tobytes(), model.history_.values))
    finally:
        set_num_threads(None)
    assert results[0] == results[1]
    quiet(VariationalAutoencoder(8, **{**settings, "epochs": 2}, callbacks=[ModelCheckpoint(tmp_path / "c")]), X)
    resumed = quiet(VariationalAutoencoder(8, **{**settings, "epochs": 4}), X, resume=tmp_path / "c")
    assert (resumed.transform(X).tobytes(), resumed.history_.values) == results[0]


def test_warm_up_goes_on_where_training_does(monkeypatch):
    weights = []
    plain = GaussianKL.gradient

    def watched(self, codes, weight, out):
        weights.append(weight)
        return plain(self, codes, weight, out)

    monkeypatch.setattr(GaussianKL, "gradient", watched)
    model = quiet(VariationalAutoencoder(4, **{**SMALL, "epochs": 1}, warm_up=2), rows(32))
    for _ in range(2):
        model.partial_fit(rows(32))
    assert weights == [0.25, 0.5, 0.75, 1, 1, 1]


def test_storage(tmp_path):
    X = rows()
    model = quiet(VariationalAutoencoder((), **SMALL, loss="poisson", free_nats=0.1), X)
    model.save(tmp_path / "model")
    for again in (
        load(tmp_path / "model"),
        VariationalAutoencoder.load(tmp_path / "model"),
        pickle.loads(pickle.dumps(model)),
    ):
        assert again.transform(X).tobytes() == model.transform(X).tobytes()
        assert again.sample(3, random_state=0).tobytes() == model.sample(3, random_state=0).tobytes()
        assert again.get_params() == model.get_params()
    config, arrays = model.get_state()
    with pytest.raises(StorageError):
        VariationalAutoencoder.from_state({**config, "n_features_in": 4}, arrays)


def test_a_code_that_says_nothing_is_told_of():
    X = np.random.default_rng(0).random((100, 4))
    with pytest.warns(CollapseWarning, match="no feature of the code says anything"):
        VariationalAutoencoder(
            (), latent_size=2, loss="squared_error", epochs=300, batch_size=100, learning_rate=0.02, random_state=0
        ).fit(X)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latent_size": 0}, "latent_size must be at least 1"),
        ({"free_nats": -1}, "free_nats must be at least 0"),
        ({"warm_up": -1}, "warm_up must be at least 0"),
        ({"loss": "sharp"}, "loss must be one of"),
        ({"hidden_sizes": (0,)}, "hidden_sizes must be at least 1"),
    ],
)
def test_wrong_parameters_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        VariationalAutoencoder(**{**SMALL, **change}).fit(rows())


def test_wrong_input_is_named():
    with pytest.raises(NotFittedError):
        VariationalAutoencoder().sample()
    with pytest.raises(ValueError, match=r"X must lie in \[0, 1\]"):
        VariationalAutoencoder(**SMALL).fit(rows() * 2)
    model = quiet(VariationalAutoencoder(**SMALL), rows())
    with pytest.raises(ValueError, match="n_samples must be at least 1"):
        model.sample(0)
    with pytest.raises(ValueError, match="expecting 10 features"):
        model.bounds(np.zeros((2, 3)))


def test_check_estimator():
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checks.check_estimator(VariationalAutoencoder(3, latent_size=2, loss="squared_error", epochs=2))
