"""The generative adversarial network on vectors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._estimator import Estimator
from .._exceptions import CollapseWarning, ConvergenceWarning, StorageError
from .._history import History
from .._parallel import one_blas_thread
from .._storable import Storable
from .._validation import (
    check_array,
    check_choice,
    check_flag,
    check_is_fitted,
    check_labels,
    check_matrix,
    check_n_features,
    check_number,
    check_random_state,
)
from ..metrics.distributions import coverage, frechet_distance, maximum_mean_discrepancy
from ..nn.adam import Adam
from ..nn.adversarial_loss import ADVERSARIAL_LOSSES, DiscriminatorLoss
from ..nn.gradient_penalty import GradientPenalty
from ..nn.layer import Layer
from ..nn.linear import Linear
from ..nn.parameters import ParameterStore
from ..nn.sequential import Sequential
from ..nn.workspace import Workspace
from ..training.adversarial_task import AdversarialTask
from ..training.trainer import fit_network

__all__ = ["GAN"]

# Rows by which an epoch is measured, and below which coverage of the real rows a warning is given.
_MOST_MEASURED = 500
_LEAST_MEASURED = 20
_COLLAPSED, _WON = 0.2, 0.99


class GAN(Storable, Estimator):
    """Learn to make rows like the real ones (Goodfellow et al. 2014).

    A generator turns noise into rows, a discriminator tells them from real ones, and each learns from the other. Rows
    are vectors: codes of an autoencoder, embeddings, features; text is made by way of its codes. Given labels, both
    networks see the label (Mirza and Osindero 2014), and `sample` makes rows of the label that is asked for.

    Parameters
    ----------
    latent_size : int, at least 1
        Numbers of noise, normal, from which a row is made.
    generator_sizes, discriminator_sizes : int or sequence of int
        Widths of the hidden layers, relu in the generator and leaky relu in the discriminator.
    loss : {"non_saturating", "minimax", "least_squares", "hinge", "wasserstein"}
        See `minilm_unsup.nn.DiscriminatorLoss`.
    gradient_penalty : float, at least 0
        Weight of the penalty on the discriminator's gradient: of its length's distance from 1 between real and
        generated rows under "wasserstein", of its length at real rows under the other losses (R1). 0 for none.
    n_critic : int, optional
        Steps of the discriminator for one of the generator; by default 2 under "wasserstein" (5 in Gulrajani et al.
        2017; on rings and mixtures 2 did as well for less) and 1 otherwise.
    learning_rate, discriminator_learning_rate : float, above 0
        Two time scales (Heusel et al. 2017): the discriminator is to keep up with the generator.
    beta1, beta2 : float in [0, 1)
        Of Adam, for both.
    standardize : bool
        Bring each feature to mean 0 and deviation 1 first; `sample` gives the units of the data.
    nonnegative : bool
        For rows without negative values, codes of relu among them: features are scaled and not moved, and the generator
        ends with relu, so that it can make zeros.
    epochs, batch_size : int, at least 1
    random_state : None, int or Generator
        The same int gives the same bits on any number of threads.
    callbacks : sequence of Callback, optional
        See `minilm_unsup.training`.
    verbose : int
        0 prints nothing, 1 a line an epoch.

    Attributes
    ----------
    history_ : History
        One value an epoch: ``discriminator_loss`` (with the penalty) and ``generator_loss``; and of up to 500 rows set
        against as many generated ones ``discriminator_accuracy``, ``frechet_distance`` and ``mmd`` (how far apart they
        are), ``coverage`` (share of the real rows near which a generated one lies). The rows were trained on.
    classes_ : ndarray
        Labels, where there were any.
    n_features_in_ : int

    Warns
    -----
    CollapseWarning
        If at the end few real rows have a generated one near them, or the discriminator is right on all rows.

    Examples
    --------
    >>> import numpy as np
    >>> from minilm_unsup.models import GAN
    >>> X = np.random.default_rng(0).normal(3.0, 0.5, (256, 2))
    >>> GAN(latent_size=2, generator_sizes=16, discriminator_sizes=16, epochs=5, random_state=0).fit(X).sample(3).shape
    (3, 2)
    """

    n_features_in_: int
    history_: History
    classes_: NDArray | None
    _store: ParameterStore
    _shift: NDArray
    _scale: NDArray

    def __init__(
        self,
        latent_size: int = 32,
        *,
        generator_sizes: int | Sequence[int] = (128, 128),
        discriminator_sizes: int | Sequence[int] = (128, 128),
        loss: str = "non_saturating",
        gradient_penalty: float = 1.0,
        n_critic: int | None = None,
        learning_rate: float = 1e-3,
        discriminator_learning_rate: float = 2e-3,
        beta1: float = 0.0,
        beta2: float = 0.9,
        standardize: bool = True,
        nonnegative: bool = False,
        epochs: int = 100,
        batch_size: int = 64,
        random_state: Any = None,
        callbacks: Any = None,
        verbose: int = 0,
    ) -> None:
        self.latent_size = latent_size
        self.generator_sizes = generator_sizes
        self.discriminator_sizes = discriminator_sizes
        self.loss = loss
        self.gradient_penalty = gradient_penalty
        self.n_critic = n_critic
        self.learning_rate = learning_rate
        self.discriminator_learning_rate = discriminator_learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.standardize = standardize
        self.nonnegative = nonnegative
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state
        self.callbacks = callbacks
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, *, resume: str | os.PathLike[str] | None = None) -> GAN:
        """Train both networks from new weights.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            float32 is trained in float32, everything else in float64.
        y : array of shape (n_samples,), optional
            Labels, to make rows of a label that is asked for.
        resume : path, optional
            A directory that `ModelCheckpoint` wrote: go on from it, with the same bits as if training had not stopped.

        Returns
        -------
        GAN
        """
        X = check_matrix(X, min_samples=2, estimator=type(self).__name__)
        epochs = check_number(self.epochs, "epochs", integer=True, low=1)
        discriminator_rate = check_number(
            self.discriminator_learning_rate, "discriminator_learning_rate", low=0, low_open=True
        )
        optimizer = Adam(self.learning_rate, self.beta1, self.beta2)
        classes, condition = None, np.zeros((len(X), 0), dtype=X.dtype)
        if y is not None:
            y = check_labels(y, n_samples=len(X))
            classes = np.unique(y)
            condition = _indicators(y, classes, X.dtype)
        if check_flag(self.nonnegative, "nonnegative") and X.min() < 0:
            raise ValueError(f"X must not be negative for nonnegative=True, got {X.min()}; leave it False")
        shift, scale = np.zeros(X.shape[1], X.dtype), np.ones(X.shape[1], X.dtype)
        if check_flag(self.standardize, "standardize"):
            if not self.nonnegative:
                shift = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
            spread = X.std(axis=0, dtype=np.float64)
            scale = np.where(spread > 0, spread, 1).astype(X.dtype)
        rows = np.ascontiguousarray((X - shift) / scale)
        rng = check_random_state(self.random_state)
        networks = self._networks(X.shape[1], condition.shape[1])
        store = ParameterStore(networks.shapes(), X.dtype)
        store.assign(networks.initial(rng, X.dtype))
        task = AdversarialTask(
            networks["generator"],  # type: ignore[arg-type]
            networks["discriminator"],  # type: ignore[arg-type]
            store,
            rows,
            condition,
            loss=self.loss,
            penalty=self._penalty(),
            n_critic=self._n_critic(),
            rates=(1.0, discriminator_rate / optimizer.learning_rate),
            measured=self._measured(rows, condition, rng),
        )
        trainer = fit_network(
            task,
            optimizer,
            epochs=epochs,
            batch_size=self.batch_size,
            rng=rng,
            callbacks=self.callbacks,
            verbose=self.verbose,
            state=optimizer.first_state(store.size, store.dtype, n_counts=2),
            resume=resume,
        )
        self._store, self._shift, self._scale, self.classes_ = store, shift, scale, classes
        self.history_, self.n_features_in_ = trainer.history, X.shape[1]
        self._warn_of_ruin()
        return self

    def _networks(self, n_features: int, n_conditions: int) -> Sequential:
        latent = check_number(self.latent_size, "latent_size", integer=True, low=1)
        made = "relu" if self.nonnegative else "linear"
        kinds = (
            ("generator", self.generator_sizes, latent + n_conditions, n_features, "relu", made),
            ("discriminator", self.discriminator_sizes, n_features + n_conditions, 1, "leaky_relu", "linear"),
        )
        out: list[tuple[str, Layer]] = []
        for name, given, n_in, n_out, activation, last in kinds:
            sizes = (given,) if isinstance(given, (int, np.integer)) else tuple(given)
            hidden = [check_number(size, f"{name}_sizes", integer=True, low=1) for size in sizes]
            widths = [n_in, *hidden, n_out]
            layers: list[tuple[str, Layer]] = [
                (str(i), Linear(a, b, activation if i < len(hidden) else last, "he_uniform"))
                for i, (a, b) in enumerate(pairwise(widths))
            ]
            out.append((name, Sequential(tuple(layers))))
        return Sequential(tuple(out))

    def _penalty(self) -> GradientPenalty | None:
        is_wasserstein = check_choice(self.loss, "loss", ADVERSARIAL_LOSSES) == "wasserstein"
        weight = check_number(self.gradient_penalty, "gradient_penalty", low=0)
        return GradientPenalty(weight, 1.0 if is_wasserstein else 0.0) if weight else None

    def _n_critic(self) -> int:
        if self.n_critic is None:
            return 2 if self.loss == "wasserstein" else 1
        return check_number(self.n_critic, "n_critic", integer=True, low=1)

    def _measured(
        self, rows: NDArray, condition: NDArray, rng: np.random.Generator
    ) -> tuple[NDArray, NDArray, NDArray] | None:
        """Draw what epochs are measured by: the same rows and noise each time."""
        n = min(len(rows), _MOST_MEASURED)
        chosen = rng.permutation(len(rows))[:n]
        noise = rng.standard_normal((n, self.latent_size)).astype(rows.dtype)
        return (rows[chosen], noise, condition[chosen]) if n >= _LEAST_MEASURED else None

    def _warn_of_ruin(self) -> None:
        last = self.history_.last()
        if last.get("coverage", 1.0) < _COLLAPSED:
            warnings.warn(
                f"generated rows lie near {last['coverage']:.0%} of the real ones only: the generator makes few kinds "
                f"of rows (mode collapse) or is not trained enough. Train for more epochs, lower learning_rate, raise "
                f"gradient_penalty, or use loss='wasserstein'",
                CollapseWarning,
                stacklevel=3,
            )
        if self.loss != "wasserstein" and last.get("discriminator_accuracy", 0.0) >= _WON:
            warnings.warn(
                f"the discriminator is right on {last['discriminator_accuracy']:.0%} of the rows: it has won, and the "
                f"generator learns little from it. Lower discriminator_learning_rate, raise gradient_penalty, make the "
                f"discriminator smaller, or use loss='wasserstein'",
                ConvergenceWarning,
                stacklevel=3,
            )

    def sample(self, n_samples: int = 1, y: Any = None, *, random_state: Any = None) -> NDArray:
        """Make new rows.

        Parameters
        ----------
        n_samples : int, at least 1
        y : label or array of shape (n_samples,), optional
            What rows are to be of; needed where the GAN was fitted with labels, refused where it was not.
        random_state : None, int or Generator

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In the dtype the GAN was fitted in.

        Raises
        ------
        ValueError
            For a label that was not among those of `fit`.
        """
        check_is_fitted(self, "_store")
        n = check_number(n_samples, "n_samples", integer=True, low=1)
        dtype = self._store.dtype
        noise = check_random_state(random_state).standard_normal((n, self._latent_size())).astype(dtype)
        condition = self._condition(np.full(n, y) if y is not None and np.ndim(y) == 0 else y, n)
        with one_blas_thread():
            made = self._run("generator", np.hstack((noise, condition)))
        return made * self._scale + self._shift

    def _latent_size(self) -> int:
        n_conditions = 0 if self.classes_ is None else len(self.classes_)
        return self._store.shapes["generator.0.weight"][1] - n_conditions

    def _condition(self, y: Any, n: int) -> NDArray:
        """Return the labels as indicator columns, none where the GAN knows no labels."""
        if self.classes_ is None:
            if y is not None:
                raise ValueError("y must be None: this GAN was fitted without labels; fit it with them")
            return np.zeros((n, 0), dtype=self._store.dtype)
        if y is None:
            raise ValueError(f"y must name labels, which this GAN was fitted with: {self._known()}")
        y = check_labels(y, n_samples=n)
        strangers = ~np.isin(y, self.classes_)
        if strangers.any():
            raise ValueError(f"y must hold labels that were seen in fit ({self._known()}), got {y[strangers][0]!r}")
        return _indicators(y, self.classes_, self._store.dtype)

    def _known(self) -> str:
        names = [] if self.classes_ is None else self.classes_.tolist()
        return ", ".join(map(str, names[:9])) + (", ..." if len(names) > 9 else "")

    def _run(self, name: str, rows: NDArray) -> NDArray:
        network = self._networks(*self._sizes())[name]
        return network.forward(self._store.params.scope(name), np.ascontiguousarray(rows), work=Workspace())[0]

    def _sizes(self) -> tuple[int, int]:
        return self.n_features_in_, 0 if self.classes_ is None else len(self.classes_)

    def discriminate(self, X: Any, y: Any = None) -> NDArray:
        """Return how real the discriminator takes each row to be.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : array of shape (n_samples,), optional
            Their labels, where the GAN was fitted with labels.

        Returns
        -------
        ndarray of shape (n_samples,)
            Probabilities under "minimax" and "non_saturating", which at best are 1/2 for all rows; scores, higher for
            more real, otherwise.
        """
        check_is_fitted(self, "_store")
        X = check_matrix(X, dtype=self._store.dtype, estimator=type(self).__name__)
        check_n_features(self, X)
        rows = np.hstack(((X - self._shift) / self._scale, self._condition(y, len(X))))
        with one_blas_thread():
            return DiscriminatorLoss(self.loss).mean(self._run("discriminator", rows))[:, 0]

    def evaluate(self, X: Any, y: Any = None, *, random_state: Any = 0) -> dict[str, float]:
        """Measure how far generated rows are from `X`, beside a normal distribution fitted to `X`.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Better rows that were not trained on; at most 2,000, drawn at random, are used.
        y : array of shape (n_samples,), optional
            Their labels, where the GAN was fitted with labels.
        random_state : None, int or Generator

        Returns
        -------
        dict
            ``frechet_distance``, ``mmd`` and ``coverage`` (see `minilm_unsup.metrics`) of as many generated rows, on
            features brought to the deviations of the training rows; the same with ``normal_`` before the name for rows
            drawn from a normal distribution with the mean and the covariance of `X`: a GAN is of use where its coverage
            is the higher one.
        """
        check_is_fitted(self, "_store")
        X = check_matrix(X, min_samples=10, dtype=self._store.dtype, estimator=type(self).__name__)
        check_n_features(self, X)
        rng = check_random_state(random_state)
        chosen = rng.permutation(len(X))[:2000]
        real = ((X - self._shift) / self._scale)[chosen].astype(np.float64)
        labels = None if y is None else check_labels(y, n_samples=len(X))[chosen]
        made = (self.sample(len(real), labels, random_state=rng) - self._shift) / self._scale
        mean, factor = real.mean(axis=0), (real - real.mean(axis=0)) / np.sqrt(len(real) - 1)
        normal = mean + rng.standard_normal((len(real), len(real))) @ factor
        values = {}
        for name, rows in (("", made), ("normal_", normal)):
            values[f"{name}frechet_distance"] = frechet_distance(real, rows)
            values[f"{name}mmd"] = maximum_mean_discrepancy(real, rows)
            values[f"{name}coverage"] = coverage(real, rows)
        return values

    def get_state(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Return what `from_state` builds the fitted GAN from: a JSON-able dict and arrays by name."""
        check_is_fitted(self, "_store")
        params = self._storable_params()
        for name in ("generator_sizes", "discriminator_sizes"):
            sizes = params[name]
            params[name] = int(sizes) if isinstance(sizes, (int, np.integer)) else [int(s) for s in sizes]
        params["callbacks"] = None
        config = {
            "class": type(self).__name__,
            "params": params,
            "n_features_in": self.n_features_in_,
            "dtype": str(self._store.dtype),
            "classes": None if self.classes_ is None else self.classes_.tolist(),
            "history": self.history_.to_dict(),
        }
        own = {"shift": self._shift, "scale": self._scale}
        return config, {**{k: v.copy() for k, v in self._store.params.items()}, **own}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, NDArray]) -> GAN:
        """Build a fitted GAN from what `get_state` gave.

        Raises
        ------
        StorageError
            If config and arrays do not fit each other.
        """
        try:
            params = dict(config["params"])
            for name in ("generator_sizes", "discriminator_sizes"):
                if isinstance(params[name], list):
                    params[name] = tuple(params[name])
            model = cls(**params)
            n_features, dtype = int(config["n_features_in"]), np.dtype(config["dtype"])
            classes = None if config["classes"] is None else np.array(config["classes"])
            store = ParameterStore(model._networks(n_features, 0 if classes is None else len(classes)).shapes(), dtype)
            arrays = dict(arrays)
            model._shift = check_array(arrays.pop("shift"), "shift", dtype=dtype, shape=(n_features,))
            model._scale = check_array(arrays.pop("scale"), "scale", dtype=dtype, shape=(n_features,))
            if set(arrays) != set(store.shapes):
                raise ValueError(f"it holds {', '.join(sorted(arrays))}")
            store.assign(arrays)
            model.history_ = History.from_dict(config["history"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StorageError(f"the saved GAN is not whole: {error}; save it again") from error
        model.classes_, model.n_features_in_, model._store = classes, n_features, store
        return model


def _indicators(y: NDArray, classes: NDArray, dtype: Any) -> NDArray:
    return (y[:, None] == classes[None, :]).astype(dtype)
