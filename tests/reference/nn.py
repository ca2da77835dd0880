"""Naive twins of layers, losses and optimizers: the formulas in plain loops and float64."""

from __future__ import annotations

import math

import numpy as np


def activation(name, z):
    if name == "relu":
        return max(z, 0.0)
    if name == "tanh":
        return math.tanh(z)
    if name == "sigmoid":
        return 1.0 / (1.0 + math.exp(-z))
    return z


def linear(X, weight, bias, name="linear"):
    """f(sum_j weight[k, j] x_j + bias_k), one value at a time."""
    N, D = X.shape
    K = len(bias)
    Y = np.empty((N, K))
    for i in range(N):
        for k in range(K):
            z = bias[k]
            for j in range(D):
                z += float(weight[k, j]) * float(X[i, j])
            Y[i, k] = activation(name, z)
    return Y


def binary_cross_entropy(logits, targets):
    """-[x log p + (1 - x) log(1 - p)] with p = sigmoid(a), mean over features and rows."""
    total = 0.0
    for a, x in zip(np.ravel(logits), np.ravel(targets), strict=True):
        p = 1.0 / (1.0 + math.exp(-a))
        total -= x * math.log(p) + (1 - x) * math.log(1 - p)
    return total / np.size(logits)


def softmax(row):
    exps = [math.exp(a) for a in row]
    return [e / sum(exps) for e in exps]


def multinomial(logits, targets):
    """-sum_j x_j log softmax(a)_j, mean over rows."""
    total = 0.0
    for a, x in zip(logits, targets, strict=True):
        total -= sum(xj * math.log(pj) for xj, pj in zip(x, softmax(a), strict=True))
    return total / len(logits)


def softmax_cross_entropy(logits, classes):
    """-log softmax(a)_y, mean over rows."""
    return -sum(math.log(softmax(a)[y]) for a, y in zip(logits, classes, strict=True)) / len(logits)


def squared_error(outputs, targets):
    """(a - x)^2, mean over features and rows."""
    return sum((a - x) ** 2 for a, x in zip(np.ravel(outputs), np.ravel(targets), strict=True)) / np.size(outputs)


def adam(theta, gradients, learning_rate, beta1, beta2, epsilon):
    """Kingma and Ba 2015, algorithm 1, for one number and a list of its gradients."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        theta -= learning_rate * (m / (1 - beta1**t)) / (math.sqrt(v / (1 - beta2**t)) + epsilon)
    return theta


def momentum(theta, gradients, learning_rate, mu):
    v = 0.0
    for g in gradients:
        v = mu * v - learning_rate * g
        theta += v
    return theta


def sgd(theta, gradients, learning_rate):
    for g in gradients:
        theta -= learning_rate * g
    return theta
