"""How well a model predicts text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._validation import check_number

__all__ = ["bits_per_token", "perplexity"]


def perplexity(log_probabilities: Any = None, *, mean_nll: float | None = None, base: float | None = None) -> float:
    """Exponential of the mean negative log-probability a token: as many equally likely tokens would be as hard.

    exp(-(1/T) sum_t log p(w_t | w_<t)) (Jelinek et al. 1977). Give one of the two forms of input. The mean is over
    tokens, not over texts; perplexities of models with different tokens do not compare.

    Parameters
    ----------
    log_probabilities : array of any shape, or sequence of arrays of different lengths, optional
        log p of each token that occurred, at most 0; padding left out.
    mean_nll : float, optional
        The mean over tokens of -log p, at least 0: the cross-entropy loss that training reports.
    base : float, optional
        Base of the given logarithms, more than 1; by default they are natural (nats).

    Returns
    -------
    float
        At least 1; inf where a token had probability 0.

    Raises
    ------
    TypeError
        If both forms are given, or none.
    ValueError
        For no tokens, NaN, a log-probability above 0 or a negative `mean_nll`.
    """
    nats = _mean_nats(log_probabilities, mean_nll, base)
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf


def bits_per_token(log_probabilities: Any = None, *, mean_nll: float | None = None, base: float | None = None) -> float:
    """Mean negative log-probability of a token to base 2: log2 of the `perplexity`, at least 0.

    Parameters and errors as `perplexity`.
    """
    return _mean_nats(log_probabilities, mean_nll, base) / math.log(2)


def _mean_nats(log_probabilities: Any, mean_nll: Any, base: Any) -> float:
    if (log_probabilities is None) == (mean_nll is None):
        raise TypeError(
            "give either log_probabilities or mean_nll, " + ("got none" if mean_nll is None else "got both")
        )
    unit = 1.0 if base is None else math.log(check_number(base, "base", low=1, low_open=True))
    if mean_nll is not None:
        return check_number(mean_nll, "mean_nll", low=0) * unit
    logs = _flatten(log_probabilities)
    if len(logs) == 0:
        raise ValueError("log_probabilities must hold at least one token, got none")
    if np.isnan(logs).any():
        raise ValueError("log_probabilities contains NaN; leave out the tokens that are not scored")
    if logs.max() > 1e-6:  # rounding of a probability of 1, in float32
        raise ValueError(f"log_probabilities must be at most 0, got {logs.max():g}; give log p, not p or -log p")
    return max(-float(np.mean(logs)), 0.0) * unit


def _flatten(values: Any) -> np.ndarray:
    if isinstance(values, (list, tuple)) and any(np.ndim(v) for v in values):
        parts = [np.asarray(v, dtype=np.float64).ravel() for v in values]  # texts of different lengths
        return np.concatenate(parts)
    return np.asarray(values, dtype=np.float64).ravel()
