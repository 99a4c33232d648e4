import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from napari_ovseg.single_image.ridge_logistic import RidgeLogistic, fit


def samples(count=300, columns=6, categories=3, seed=0):
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(count, columns)).astype(np.float32)
    true = draw.normal(size=(columns, categories))
    labels = np.argmax(features @ true + draw.gumbel(size=(count, categories)), axis=1)
    return features, labels, draw.uniform(0.1, 2, count)


@pytest.mark.parametrize("categories", [2, 3, 5])
@pytest.mark.parametrize("ridge", [0.3, 1.0, 10.0])
def test_it_is_the_logistic_regression_of_scikit_learn(categories, ridge):
    features, labels, weights = samples(categories=categories, seed=categories)
    theirs = LogisticRegression(C=1 / ridge, tol=1e-10, max_iter=5000)
    theirs.fit(features.astype(np.float64), labels, sample_weight=weights)
    ours = fit(features, np.eye(categories)[labels], weights, ridge=ridge)
    found = softmax(ours.logits(features), axis=1)
    known = theirs.predict_proba(features)
    if categories == 2:
        # it has one vector for the difference of the two, penalised by itself
        theirs.set_params(C=2 / ridge).fit(features.astype(np.float64), labels, sample_weight=weights)
        known = theirs.predict_proba(features)
    np.testing.assert_allclose(found, known, atol=3e-3)


def test_shares_as_targets_are_samples_of_each_with_those_weights():
    features, _, weights = samples(80)
    shares = np.random.default_rng(3).dirichlet(np.ones(3), 80)
    ours = fit(features, shares, weights)
    repeated = np.repeat(features, 3, axis=0)
    same = fit(repeated, np.tile(np.eye(3), (80, 1)), (weights[:, None] * shares).ravel())
    np.testing.assert_allclose(ours.logits(features), same.logits(features), atol=2e-2)


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 5), st.integers(1, 40), st.integers(0, 10**6), st.floats(0.1, 100))
def test_the_gradient_is_zero_where_it_ends(categories, count, seed, ridge):
    features, labels, weights = samples(count, 4, categories, seed)
    found = fit(features, np.eye(categories)[labels], weights, ridge=ridge)
    chances = softmax(features @ found.coefficients + found.bias, axis=1)
    missed = weights[:, None] * (chances - np.eye(categories)[labels])
    slope = features.T.astype(float) @ missed + ridge * found.coefficients
    assert abs(slope).max() < 0.03 * max(1.0, weights.sum())
    assert abs(found.bias.sum()) < 1e-6 * max(1.0, abs(found.bias).max())


def test_a_sample_without_weight_teaches_nothing():
    features, labels, weights = samples(60)
    weights[::2] = 0
    ours = fit(features, np.eye(3)[labels], weights)
    fewer = fit(features[1::2], np.eye(3)[labels[1::2]], weights[1::2])
    np.testing.assert_allclose(ours.coefficients, fewer.coefficients, atol=1e-3)


def test_logits_are_linear_and_of_mean_zero():
    found = RidgeLogistic(np.array([[1.0, -1.0], [0.5, -0.5]]), np.array([2.0, -2.0]))
    logits = found.logits(np.array([[1.0, 2.0]], np.float32))
    np.testing.assert_allclose(logits, [[4.0, -4.0]])
    assert logits.dtype == np.float32
