"""How well a model predicts text."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["perplexity"]


def perplexity(log_probabilities: Any, *, base: float | None = None) -> float:
    """Exponential of the mean negative log-probability a token: as many equally likely tokens would be as hard.

    Parameters
    ----------
    log_probabilities : array of any shape
        log p of each token that occurred, at most 0.
    base : float, optional
        Base of the logarithms; natural ones without it.

    Returns
    -------
    float
        At least 1; inf where a token had probability 0.

    Raises
    ------
    ValueError
        For no tokens, NaN, or a log-probability above 0.
    """
    logs = np.asarray(log_probabilities, dtype=np.float64).ravel()
    if len(logs) == 0:
        raise ValueError("log_probabilities must hold at least one token, got none")
    if np.isnan(logs).any():
        raise ValueError("log_probabilities contains NaN")
    if logs.max() > 1e-6:  # rounding of a probability of 1
        raise ValueError(f"log_probabilities must be at most 0, got {logs.max():g}; give log p, not p or -log p")
    if base is not None and not base > 1:
        raise ValueError(f"base must be more than 1, got {base!r}")
    mean = -float(np.mean(logs)) * (1.0 if base is None else float(np.log(base)))
    return float(np.exp(max(mean, 0.0)))
