"""The variational autoencoder."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._exceptions import CollapseWarning
from .._parallel import one_blas_thread
from .._validation import check_choice, check_is_fitted, check_number, check_random_state
from ..nn.activations import ACTIVATIONS
from ..nn.gaussian_kl import GaussianCode, GaussianKL
from ..nn.layer import Layer
from ..nn.linear import Linear
from ..nn.loss import Loss
from ..nn.parameters import ParameterStore
from ..nn.schedules import Schedule
from ..nn.sequential import Sequential
from ..nn.sparse_linear import SparseLinear
from ..training.task import Task
from ..training.variational_task import VariationalTask
from .autoencoder import Autoencoder
from .mirrored_network import noise_layer

__all__ = ["VariationalAutoencoder"]

_ACTIVE = 0.01  # nats of a feature of the code below which it says nothing


class VariationalAutoencoder(Autoencoder):
    """Learn codes that are normal distributions, and a decoder that makes rows from any (Kingma and Welling 2014).

    What is raised is a lower bound of the likelihood: how well rows are rebuilt from a draw of their code, less the
    divergence of the code from the standard normal distribution. So codes fill the space around 0 without gaps, and
    `sample` makes new rows.

    Parameters
    ----------
    hidden_sizes : int or sequence of int, each at least 1
        Widths of the encoder's layers before the code; the decoder mirrors them. Empty for linear maps.
    latent_size : int, at least 1
        Features of the code.
    activation : {"relu", "leaky_relu", "tanh", "sigmoid", "linear"}
        Of the hidden layers.
    loss : {"binary_crossentropy", "multinomial", "squared_error", "poisson"}
        The likelihood of a row: Bernoulli for values in [0, 1], multinomial for weights of words, normal with deviation
        1, Poisson. `history_` has the negated bound in nats a row.
    noise, noise_level
        As for `Autoencoder`: the encoder then sees a damaged row.
    free_nats : float, at least 0
        What each feature of the code may have for nothing (Kingma et al. 2016).
    warm_up : float, at least 0
        Epochs in which the divergence comes to its full weight (Bowman et al. 2016).
    optimizer, learning_rate, schedule, max_norm, epochs, batch_size, validation_split, random_state, callbacks, verbose
        As for `Autoencoder`.

    Attributes
    ----------
    history_, parameters_, n_features_in_
        As for `Autoencoder`.

    Warns
    -----
    CollapseWarning
        If after training no feature of the code says anything of its row.

    Examples
    --------
    >>> import numpy as np
    >>> from minilm_unsup.models import VariationalAutoencoder
    >>> X = np.random.default_rng(0).random((200, 20)) < 0.2
    >>> model = VariationalAutoencoder(16, latent_size=3, epochs=2, random_state=0).fit(X)
    >>> model.transform(X).shape, model.sample(5).shape
    ((200, 3), (5, 20))
    """

    def __init__(
        self,
        hidden_sizes: int | Sequence[int] = (64,),
        *,
        latent_size: int = 16,
        activation: str = "relu",
        loss: str = "binary_crossentropy",
        noise: str | None = None,
        noise_level: float | None = None,
        free_nats: float = 0.0,
        warm_up: float = 0.0,
        optimizer: str = "adam",
        learning_rate: float | None = None,
        schedule: Schedule | None = None,
        max_norm: float | None = None,
        epochs: int = 10,
        batch_size: int = 32,
        validation_split: float = 0.0,
        random_state: Any = None,
        callbacks: Any = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            hidden_sizes,
            activation=activation,
            loss=loss,
            noise=noise,
            noise_level=noise_level,
            optimizer=optimizer,
            learning_rate=learning_rate,
            schedule=schedule,
            max_norm=max_norm,
            epochs=epochs,
            batch_size=batch_size,
            validation_split=validation_split,
            random_state=random_state,
            callbacks=callbacks,
            verbose=verbose,
        )
        self.latent_size = latent_size
        self.free_nats = free_nats
        self.warm_up = warm_up

    def _make_network(self, n_features: int, sparse: bool) -> Sequential:
        latent = check_number(self.latent_size, "latent_size", integer=True, low=1)
        sizes = (self.hidden_sizes,) if isinstance(self.hidden_sizes, (int, np.integer)) else tuple(self.hidden_sizes)
        hidden = [check_number(size, "hidden_sizes", integer=True, low=1) for size in sizes]
        activation = check_choice(self.activation, "activation", ACTIVATIONS)
        parts: list[Sequential] = []
        for widths in ([n_features, *hidden, 2 * latent], [latent, *reversed(hidden), n_features]):
            layers: list[tuple[str, Layer]] = []
            for i, (n_in, n_out) in enumerate(pairwise(widths)):
                kind: Any = SparseLinear if sparse and not parts and i == 0 else Linear
                layers.append((str(i), kind(n_in, n_out, activation if i < len(hidden) else "linear")))
            parts.append(Sequential(tuple(layers)))
        names: list[tuple[str, Layer]] = [("encoder", parts[0]), ("code", GaussianCode(latent)), ("decoder", parts[1])]
        return Sequential((*noise_layer(self.noise, self.noise_level), *names))

    def _make_task(self, network: Sequential, criterion: Loss, store: ParameterStore, X: Any, n_steps: int) -> Task:
        steps = check_number(self.warm_up, "warm_up", low=0) * -(-X.shape[0] // max(1, int(self.batch_size)))
        return VariationalTask(
            network,
            criterion,
            store,
            X,
            scale=self._scale(X.shape[1]),
            divergence=GaussianKL(check_number(self.free_nats, "free_nats", low=0)),
            n_warm_up=math.ceil(steps),
            n_steps=n_steps,
        )

    def _scale(self, n_features: int) -> float:
        """What the loss is multiplied by to be a negative log-likelihood, but for what no output changes."""
        return {"multinomial": 1.0, "squared_error": n_features / 2}.get(self.loss, float(n_features))

    def _update(self, X: Any, **settings: Any) -> Self:
        super()._update(X, **settings)
        divergences = self._divergences(X)
        if not (divergences >= _ACTIVE).any():
            warnings.warn(
                f"no feature of the code says anything of its row (at most {divergences.max():.1e} nats): the decoder "
                f"does without it. Set free_nats (0.1 to 1) or warm_up (some epochs), lower learning_rate, or train "
                f"for more epochs",
                CollapseWarning,
                stacklevel=4,
            )
        return self

    @property
    def _code_size(self) -> int:
        layers: Any = self._network["code"]
        return int(layers.n_features)

    def _codes(self, X: Any) -> NDArray:
        return np.ascontiguousarray(self._run("encoder", X)[:, : self._code_size])

    def _distributions(self, X: Any) -> NDArray:
        """Return means and log-variances of all rows, in float64."""
        out = np.empty((X.shape[0], 2 * self._code_size))
        with one_blas_thread():
            for rows, part in self._chunks(X):
                out[rows] = self._run("encoder", part)
        return out

    def _divergences(self, X: Any) -> NDArray[np.float64]:
        return GaussianKL().of_features(self._distributions(X))

    def sample(self, n_samples: int = 1, *, random_state: Any = None) -> NDArray:
        """Make new rows: the means of the features for codes drawn from the standard normal distribution.

        Parameters
        ----------
        n_samples : int, at least 1
        random_state : None, int or Generator

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self, "_store")
        n = check_number(n_samples, "n_samples", integer=True, low=1)
        return self.inverse_transform(check_random_state(random_state).standard_normal((n, self._code_size)))

    def bounds(self, X: Any, *, n_samples: int = 16, random_state: Any = 0) -> tuple[NDArray, NDArray]:
        """Estimate the lower bound of each row's log-likelihood, and the log-likelihood itself.

        Parameters
        ----------
        X : array or CSR matrix of shape (n_samples, n_features)
        n_samples : int, at least 1
            Codes drawn for each row.
        random_state : None, int or Generator

        Returns
        -------
        bound : ndarray of shape (n_rows,) float64
            The mean of the bound over the draws, in nats.
        log_likelihood : ndarray of shape (n_rows,) float64
            ``log mean_s p(x, z_s) / q(z_s | x)``: nearer to the log-likelihood from below the more codes are drawn
            (Burda et al. 2016, eq. 8 and theorem 1). What no code changes is left out for "multinomial" and "poisson".
        """
        check_is_fitted(self, "_store")
        X = self._check_input(X, fitting=False)
        self._criterion.check_targets(X)
        n_draws = check_number(n_samples, "n_samples", integer=True, low=1)
        rng, codes = check_random_state(random_state), self._distributions(X)
        d = self._code_size
        means, logs = codes[:, :d], codes[:, d:]
        divergence = 0.5 * (means**2 + np.exp(logs) - 1 - logs).sum(axis=1)
        weights = np.empty((n_draws, len(codes)))
        rebuilt = np.zeros(len(codes))
        with one_blas_thread():
            for s in range(n_draws):
                noise = rng.standard_normal(means.shape)
                Z = means + np.exp(logs / 2) * noise
                values = np.empty(len(codes))
                for rows, part in self._chunks(X):
                    logits = self._run("decoder", Z[rows].astype(self._store.dtype)).astype(np.float64)
                    dense = (part.toarray() if isinstance(part, CSRMatrix) else part).astype(np.float64)
                    values[rows] = self._log_likelihoods(logits, dense)
                rebuilt += values / n_draws
                # log p(z) - log q(z | x), in which the constants of both distributions meet
                weights[s] = values + 0.5 * (noise**2 + logs - Z**2).sum(axis=1)
        top = weights.max(axis=0)
        return rebuilt - divergence, top + np.log(np.exp(weights - top).mean(axis=0))

    def _log_likelihoods(self, logits: NDArray, X: NDArray) -> NDArray[np.float64]:
        if self.loss == "binary_crossentropy":
            return (X * logits - np.logaddexp(0, logits)).sum(axis=1)
        if self.loss == "multinomial":
            top = logits.max(axis=1, keepdims=True)
            return (X * (logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True)))).sum(axis=1)
        if self.loss == "poisson":
            return (X * logits - np.exp(logits)).sum(axis=1)
        return -0.5 * ((X - logits) ** 2).sum(axis=1) - 0.5 * X.shape[1] * math.log(2 * math.pi)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean lower bound of the rows' log-likelihood, in nats; more is better."""
        return float(self.bounds(X)[0].mean())

    def evaluate(self, X: Any) -> dict[str, float]:
        """Measure how well rows are rebuilt from the means of their codes, and how likely they are.

        Parameters
        ----------
        X : array or CSR matrix of shape (n_samples, n_features)
            Better rows that were not trained on.

        Returns
        -------
        dict
            What `Autoencoder.evaluate` gives; ``"bound"`` and ``"log_likelihood"``, means of `bounds`;
            ``"divergence"`` of the codes in nats; ``"active_features"`` of the code, of at least 0.01 nats.
        """
        values = super().evaluate(X)
        bound, likelihood = self.bounds(X)
        divergences = self._divergences(self._check_input(X, fitting=False))
        return {
            **values,
            "bound": float(bound.mean()),
            "log_likelihood": float(likelihood.mean()),
            "divergence": float(divergences.sum()),
            "active_features": float((divergences >= _ACTIVE).sum()),
        }

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Return a name for each feature of the code: ``variationalautoencoder0``, ..."""
        check_is_fitted(self, "_store")
        return np.array([f"variationalautoencoder{i}" for i in range(self._code_size)], dtype=object)
