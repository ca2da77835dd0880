"""Naive twins of layers, losses and optimizers: the formulas in plain loops and float64."""

from __future__ import annotations

import math

import numpy as np


def activation(name, z):
    if name == "relu":
        return max(z, 0.0)
    if name == "leaky_relu":
        return z if z > 0 else 0.2 * z
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


def poisson(logits, targets):
    """exp(a) - a x, mean over features and rows."""
    pairs = zip(np.ravel(logits), np.ravel(targets), strict=True)
    return sum(math.exp(a) - a * x for a, x in pairs) / np.size(logits)


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


def nesterov(theta, gradients, learning_rate, mu):
    """Bengio et al. 2013, eq. 7: of the parameters at which gradients are taken."""
    v = 0.0
    for g in gradients:
        before, v = v, mu * v - learning_rate * g
        theta += -mu * before + (1 + mu) * v
    return theta


def rmsprop(theta, gradients, learning_rate, rho, epsilon):
    v = 0.0
    for g in gradients:
        v = rho * v + (1 - rho) * g * g
        theta -= learning_rate * g / (math.sqrt(v) + epsilon)
    return theta


def adamw(theta, gradients, learning_rate, beta1, beta2, epsilon, decay):
    """Loshchilov and Hutter 2019, algorithm 2, with the decay times the learning rate."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        step = learning_rate * (m / (1 - beta1**t)) / (math.sqrt(v / (1 - beta2**t)) + epsilon)
        theta -= step + learning_rate * decay * theta
    return theta


def sgd(theta, gradients, learning_rate):
    for g in gradients:
        theta -= learning_rate * g
    return theta


def _log_sigmoid(a):
    return -math.log1p(math.exp(-a)) if a > -30 else a


def discriminator_loss(kind, real, generated):
    """Mean over real rows plus mean over generated ones, of their logits."""
    of_real, of_generated = {
        "minimax": (lambda a: -_log_sigmoid(a), lambda a: -_log_sigmoid(-a)),
        "non_saturating": (lambda a: -_log_sigmoid(a), lambda a: -_log_sigmoid(-a)),
        "least_squares": (lambda a: (a - 1) ** 2 / 2, lambda a: a**2 / 2),
        "hinge": (lambda a: max(0.0, 1 - a), lambda a: max(0.0, 1 + a)),
        "wasserstein": (lambda a: -a, lambda a: a),
    }[kind]
    return sum(map(of_real, real)) / len(real) + sum(map(of_generated, generated)) / len(generated)


def generator_loss(kind, logits):
    each = {
        "minimax": lambda a: _log_sigmoid(-a),
        "non_saturating": lambda a: -_log_sigmoid(a),
        "least_squares": lambda a: (a - 1) ** 2 / 2,
        "hinge": lambda a: -a,
        "wasserstein": lambda a: -a,
    }[kind]
    return sum(map(each, logits)) / len(logits)


def layer_norm(row, gain, bias, eps):
    mean = sum(row) / len(row)
    variance = sum((x - mean) ** 2 for x in row) / len(row)
    return [g * (x - mean) / math.sqrt(variance + eps) + b for x, g, b in zip(row, gain, bias, strict=True)]


def rms_norm(row, gain, eps):
    square = sum(x * x for x in row) / len(row)
    return [g * x / math.sqrt(square + eps) for x, g in zip(row, gain, strict=True)]


def gelu(x):
    return x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _sigmoid(a):
    return 1.0 / (1.0 + math.exp(-a))


def gru(steps, input_weight, state_weight, input_bias, state_bias):
    """One sequence, one step and one unit after the other, from a state of zeros."""
    H = len(state_bias) // 3
    h, out = [0.0] * H, []
    for x in steps:
        a = (np.array(input_weight) @ x + input_bias).tolist()
        c = (np.array(state_weight) @ h + state_bias).tolist()
        new = []
        for k in range(H):
            r, z = _sigmoid(a[k] + c[k]), _sigmoid(a[H + k] + c[H + k])
            n = math.tanh(a[2 * H + k] + r * c[2 * H + k])
            new.append((1 - z) * n + z * h[k])
        h = new
        out.append(h)
    return np.array(out).reshape(len(out), H)


def attention(queries, keys, values, visible, bias):
    """One head: each query gathers the values of the keys it may see; nothing where it sees none."""
    out = np.zeros((len(queries), values.shape[1]))
    for i, q in enumerate(queries):
        seen = [j for j in range(len(keys)) if visible(i, j)]
        if seen:
            shares = softmax([float(q @ keys[j]) / math.sqrt(len(q)) + bias(i, j) for j in seen])
            out[i] = sum(s * values[j] for s, j in zip(shares, seen, strict=True))
    return out


def rotate(vector, position, base=10_000.0):
    """Su et al. 2021, eq. 34, with the halves of the vector as pairs."""
    half = len(vector) // 2
    out = np.empty(len(vector))
    for i in range(half):
        angle = position * base ** (-2 * i / len(vector))
        x, y = vector[i], vector[half + i]
        out[i] = x * math.cos(angle) - y * math.sin(angle)
        out[half + i] = x * math.sin(angle) + y * math.cos(angle)
    return out
