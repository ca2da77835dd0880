"""The GAN: what it learns, its estimator contract, its storage, and that a stop changes nothing."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

from minilm_unsup import CollapseWarning, ConvergenceWarning, NotFittedError, StorageError, load, set_num_threads
from minilm_unsup.metrics import coverage
from minilm_unsup.models import GAN
from minilm_unsup.nn.adversarial_loss import ADVERSARIAL_LOSSES
from minilm_unsup.training import ModelCheckpoint

SMALL = {"latent_size": 4, "generator_sizes": 16, "discriminator_sizes": (16, 16), "random_state": 0}
COVERING = ["non_saturating", "least_squares", "hinge", "wasserstein"]


def quiet(gan, X, y=None, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        return gan.fit(X, y, **more)


def mixture(n, seed=0):
    rng = np.random.default_rng(seed)
    return (np.where(rng.random(n) < 0.5, -2.0, 2.0) + 0.3 * rng.standard_normal(n))[:, None].astype(np.float32)


def ring(n, seed=0, modes=8):
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * rng.integers(modes, size=n) / modes
    X = np.stack((np.cos(angle), np.sin(angle)), axis=1) * 2 + 0.1 * rng.standard_normal((n, 2))
    return X.astype(np.float32)


@pytest.mark.parametrize("loss", COVERING)
def test_a_mixture_on_a_line_is_covered(loss):
    X = mixture(1024)
    epochs = 300 if loss == "wasserstein" else 200
    gan = quiet(
        GAN(4, generator_sizes=(32, 32), discriminator_sizes=(32, 32), loss=loss, epochs=epochs, random_state=0), X
    )
    made = gan.sample(1000, random_state=1)[:, 0]
    assert 0.3 < (made > 0).mean() < 0.7
    near = (np.abs(np.abs(made) - 2) < 1.0).mean()
    assert near > 0.8
    assert gan.history_["frechet_distance"][-1] < 0.2


@pytest.mark.parametrize("loss", COVERING)
def test_a_ring_is_covered(loss):
    X = ring(2048)
    epochs = 150 if loss == "wasserstein" else 100
    gan = quiet(GAN(8, loss=loss, epochs=epochs, random_state=0), X)
    made = gan.sample(1000, random_state=1)
    angle = np.arctan2(made[:, 1], made[:, 0]) % (2 * np.pi)
    mode = np.round(angle / (2 * np.pi / 8)).astype(int) % 8
    shares = np.bincount(mode, minlength=8) / 1000
    assert (shares > 0.03).all(), shares
    assert np.abs(np.linalg.norm(made, axis=1) - 2).mean() < 0.35
    assert coverage(X[:1000], made) > 0.4


@pytest.mark.parametrize("loss", sorted(ADVERSARIAL_LOSSES))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shapes_dtypes_and_history(loss, dtype):
    X = ring(70).astype(dtype)
    gan = quiet(GAN(**SMALL, loss=loss, epochs=3, batch_size=32), X)
    assert gan.sample(5).shape == (5, 2)
    assert gan.sample(5).dtype == gan.discriminate(X).dtype == dtype
    assert gan.discriminate(X).shape == (70,)
    names = ["discriminator_loss", "generator_loss", "discriminator_accuracy", "frechet_distance", "mmd", "coverage"]
    assert sorted(gan.history_) == sorted(names)
    assert all(len(gan.history_[name]) == 3 for name in names)
    assert gan.sample(5, random_state=3).tolist() == gan.sample(5, random_state=3).tolist()
    found = gan.evaluate(X)
    assert sorted(found) == sorted(
        [f"{a}{b}" for a in ("", "normal_") for b in ("coverage", "frechet_distance", "mmd")]
    )
    assert found["normal_frechet_distance"] < found["frechet_distance"]  # three epochs teach nothing yet


def test_rows_of_a_label():
    rng = np.random.default_rng(0)
    y = np.array(["low", "high"])[rng.integers(2, size=600)]
    X = (np.where(y == "low", -3.0, 3.0) + 0.5 * rng.standard_normal(600))[:, None]
    gan = quiet(GAN(2, generator_sizes=32, discriminator_sizes=32, epochs=40, random_state=0), X, y)
    assert gan.classes_.tolist() == ["high", "low"]
    low, high = gan.sample(200, "low", random_state=0), gan.sample(200, ["high"] * 200, random_state=0)
    assert (low < 0).mean() > 0.95
    assert (high > 0).mean() > 0.95
    right, wrong = gan.discriminate(X, y), gan.discriminate(X, np.where(y == "low", "high", "low"))
    assert right.mean() > wrong.mean()  # at the end of the game it has little to say on either
    with pytest.raises(ValueError, match="y must name labels, which this GAN was fitted with: high, low"):
        gan.sample(3)
    with pytest.raises(ValueError, match="y must hold labels that were seen in fit"):
        gan.sample(3, "middle")
    assert gan.evaluate(X, y)["coverage"] > 0.5


def test_same_bits_on_any_number_of_threads_and_after_a_stop(tmp_path):
    X = ring(200)
    settings = {**SMALL, "loss": "wasserstein", "batch_size": 32, "n_critic": 3}
    results = []
    try:
        for n_threads in (1, 2):
            set_num_threads(n_threads)
            gan = quiet(GAN(**settings, epochs=4), X)
            results.append((gan.sample(9, random_state=0).tobytes(), gan.history_.values))
    finally:
        set_num_threads(None)
    assert results[0] == results[1]
    quiet(GAN(**settings, epochs=2, callbacks=[ModelCheckpoint(tmp_path / "c")]), X)
    resumed = quiet(GAN(**settings, epochs=4), X, resume=tmp_path / "c")
    assert (resumed.sample(9, random_state=0).tobytes(), resumed.history_.values) == results[0]
    with pytest.raises(StorageError, match="checkpoint of another training"):
        GAN(**{**settings, "loss": "hinge"}, epochs=4).fit(X, resume=tmp_path / "c")


def test_storage(tmp_path):
    X, y = ring(60), np.arange(60) % 3
    for labels in (None, y):
        gan = quiet(GAN(**SMALL, epochs=1), X, labels)
        gan.save(tmp_path / "gan", force=True)
        for again in (load(tmp_path / "gan"), GAN.load(tmp_path / "gan"), pickle.loads(pickle.dumps(gan))):
            one = None if labels is None else 2
            assert again.sample(4, one, random_state=0).tobytes() == gan.sample(4, one, random_state=0).tobytes()
            assert again.history_ == gan.history_
            assert again.get_params() == gan.get_params()
    config, arrays = gan.get_state()
    for change in ({"n_features_in": 3}, {"classes": None}, {"history": 3}):
        with pytest.raises(StorageError, match="the saved GAN is not whole"):
            GAN.from_state({**config, **change}, arrays)
    with pytest.raises(StorageError, match="the saved GAN is not whole"):
        GAN.from_state(config, {k: v for k, v in arrays.items() if k != "shift"})


def test_ruin_is_said():
    X = ring(300)
    with pytest.warns(CollapseWarning, match="generated rows lie near"):
        GAN(**SMALL, epochs=1, learning_rate=1e-9).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        with pytest.warns(ConvergenceWarning, match="it has won"):
            GAN(**SMALL, epochs=30, learning_rate=1e-9, gradient_penalty=0, standardize=False).fit(X + 50)
    with pytest.warns(ConvergenceWarning, match="discriminator_loss is"):
        GAN(**SMALL, epochs=3, loss="least_squares", discriminator_learning_rate=1e30).fit(X)


def test_the_loss_of_the_first_step_is_that_of_the_formulas():
    """One batch, one step: what is recorded is what the parameters before it give."""
    X = ring(32)
    gan = quiet(GAN(**SMALL, epochs=1, batch_size=32, gradient_penalty=0, standardize=False), X)
    # Adam moves each parameter by at most its learning rate in its first step.
    rng = np.random.default_rng(0)
    networks = gan._networks(2, 0)
    first = networks.initial(rng, np.float32)
    for name, value in first.items():
        rate = gan.learning_rate if name.startswith("generator") else gan.discriminator_learning_rate
        moved = np.abs(gan._store.params[name] - value)
        assert moved.max() <= rate * 1.001
        assert moved.max() > 0.9 * rate


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "sharp"}, "loss must be one of"),
        ({"latent_size": 0}, "latent_size must be at least 1"),
        ({"generator_sizes": (0,)}, "generator_sizes must be at least 1"),
        ({"discriminator_sizes": 0}, "discriminator_sizes must be at least 1"),
        ({"gradient_penalty": -1}, "gradient_penalty must be at least 0"),
        ({"n_critic": 0}, "n_critic must be at least 1"),
        ({"learning_rate": 0}, "learning_rate must be more than 0"),
        ({"discriminator_learning_rate": 0}, "discriminator_learning_rate must be more than 0"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
    ],
)
def test_wrong_parameters_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        GAN(**{**SMALL, **change}).fit(ring(30))


def test_wrong_input_is_named():
    gan = GAN(**SMALL, epochs=1)
    with pytest.raises(NotFittedError):
        gan.sample()
    with pytest.raises(ValueError, match="NaN"):
        gan.fit(np.array([[np.nan], [1.0]]))
    with pytest.raises(TypeError, match="standardize must be True or False"):
        GAN(**SMALL, standardize=1).fit(ring(30))
    quiet(gan, ring(30))
    with pytest.raises(ValueError, match="expecting 2 features"):
        gan.discriminate(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="y must be None"):
        gan.sample(2, "low")
    with pytest.raises(ValueError, match="n_samples must be at least 1"):
        gan.sample(0)


def test_constant_features_and_few_rows():
    X = np.column_stack((ring(12), np.full(12, 7.0, dtype=np.float32)))
    gan = quiet(GAN(**SMALL, epochs=2, batch_size=500), X)
    assert np.abs(gan.sample(20)[:, 2] - 7).max() < 10
    assert sorted(gan.history_) == ["discriminator_loss", "generator_loss"]  # too few rows to measure by
    with pytest.raises(ValueError, match="minimum of 2"):
        gan.fit(X[:1])
