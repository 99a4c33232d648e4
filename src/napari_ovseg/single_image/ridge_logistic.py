"""Ridge logistic regression of several categories: the classifier that strokes teach.

Multinomial logistic regression with a penalty on the squared coefficients (Hastie, Tibshirani & Friedman,
The Elements of Statistical Learning, 2009, section 4.4), fitted by L-BFGS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import minimize

Floats = NDArray[np.float64]
MOST_STEPS = 40
# relative change of what is minimised that is worth no further step
WORTH = 1e-6


@dataclass(frozen=True)
class RidgeLogistic:
    """A fitted classifier.

    Attributes
    ----------
    coefficients : np.ndarray
        ``(D, K)``, float64.
    bias : np.ndarray
        ``(K,)``, float64; sums to zero.
    """

    coefficients: Floats
    bias: Floats

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features ``(N, D)`` -> logits ``(N, K)``, float32, of mean zero in each row."""
        return features @ self.coefficients.astype(np.float32) + self.bias.astype(np.float32)


def fit(
    features: NDArray[np.floating], targets: Floats, weights: Floats, *, ridge: float = 1.0
) -> RidgeLogistic:
    """Fit by maximum likelihood, less the penalty.

    The coefficients minimise ``sum_i weights_i * -sum_k targets_ik log p_ik + ridge / 2 * |coefficients|^2``.

    Parameters
    ----------
    features : np.ndarray
        ``(N, D)``, each column of a like spread.
    targets : np.ndarray
        ``(N, K)``, float64, each row summing to one: 1 for the category of a sample, or shares.
    weights : np.ndarray
        ``(N,)``, float64, 0 or more: what each sample counts.
    ridge : float
        Weight of the penalty, above 0. The bias is free of it.
    """
    columns = np.column_stack([features.astype(np.float64), np.ones(len(features))])
    penalty = np.full(columns.shape[1], ridge)
    penalty[-1] = 0.0
    # coordinates in which every direction is about as curved: the first step is nearly that of Newton
    curvature = (columns * (weights / 4)[:, None]).T @ columns
    curvature[np.diag_indices_from(curvature)] += np.maximum(penalty, 1e-4)
    root = np.linalg.cholesky(curvature)
    seen = solve_triangular(root, columns.T, lower=True).T
    back = solve_triangular(root, np.eye(len(root)), lower=True)
    penalised = (back * penalty) @ back.T
    shape = (columns.shape[1], targets.shape[1])

    def loss(flat: Floats) -> tuple[float, Floats]:
        turned = flat.reshape(shape)
        logits = seen @ turned
        logits -= logits.max(1, keepdims=True)
        chances = np.exp(logits)
        total = chances.sum(1)
        chances /= total[:, None]
        pulled = penalised @ turned
        value = weights @ (np.log(total) - (targets * logits).sum(1)) + 0.5 * (turned * pulled).sum()
        slope = seen.T @ (weights[:, None] * (chances - targets)) + pulled
        return float(value), slope.ravel()

    how = {"maxiter": MOST_STEPS, "ftol": WORTH}
    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options=how)
    solved = back.T @ found.x.reshape(shape)
    # which adds the same to all categories, so it changes no probability
    solved -= solved.mean(1, keepdims=True)
    return RidgeLogistic(solved[:-1], solved[-1])
