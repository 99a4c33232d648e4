import numpy as np
import pytest
import torch
from plain_kernel import connection

from napari_ovseg.single_image import evidence, superpixels
from napari_ovseg.single_image.evidence import Evidence
from napari_ovseg.single_image.head import appearance

SHAPE = (16, 20)


def scene(seed=1):
    draw = np.random.default_rng(seed)
    picture = draw.random((*SHAPE, 3), np.float32) * 0.3
    picture[5:12, 6:15] += 0.5
    deep = draw.normal(size=(3, *SHAPE)).astype(np.float32) + 1
    prior = np.log(draw.dirichlet(np.ones(3), SHAPE)).transpose(2, 0, 1).astype(np.float32)
    # nowhere is the third category the best
    prior[2] -= 9
    return picture, deep, prior


def leads(prior, cells, rows):
    best = prior.argmax(0)
    for cell, row in zip(cells, rows, strict=True):
        at = np.array(divmod(cell, SHAPE[1]))
        away = [np.hypot(*(at - place)) for place in np.argwhere(best == row)]
        wrong = min(1, min(away, default=np.inf) / (evidence.ALL_WRONG * max(SHAPE)))
        yield evidence.LEAST_LEAD + (evidence.MOST_LEAD - evidence.LEAST_LEAD) * wrong


def wanted(prior, cells, rows):
    """By how much each painted cell's scores are to change, ``(N, K)``."""
    changes = np.zeros((len(cells), len(prior)))
    for number, lead in enumerate(leads(prior, cells, rows)):
        scores, own = prior.reshape(len(prior), -1)[:, cells[number]].astype(float), rows[number]
        for other in set(range(len(prior))) - {own}:
            missing = max(0.0, scores[other] - scores[own] + lead)
            changes[number, other] = -missing / 2
            changes[number, own] = max(changes[number, own], missing / 2)
    return changes


def plain(picture, deep, labels, prior, cells, rows):
    """Mean of the Gaussian process at each cell, by formula 2.25 of Rasmussen & Williams, in float64."""
    lengths = np.array(evidence.APPEARANCE_LENGTHS)
    looks = appearance(picture)[:-2].numpy().reshape(len(lengths), -1).astype(float) / lengths[:, None]
    unit = None
    if deep is not None:
        unit = deep / np.linalg.norm(deep, axis=0)
        looks = np.concatenate([looks, unit.reshape(len(deep), -1) / evidence.DEEP_LENGTH])
        unit = unit.transpose(1, 2, 0)
    connected = connection(labels, picture, unit)
    parts = labels.ravel()

    def kernel(one, other):
        alike = np.exp(-((looks[:, one] - looks[:, other]) ** 2).sum() / 2)
        return evidence.LOOKS * alike + evidence.CONNECTION * connected[parts[one], parts[other]]

    among = np.array([[kernel(one, other) for other in cells] for one in cells])
    strength = np.linalg.solve(among + evidence.NOISE**2 * np.eye(len(cells)), wanted(prior, cells, rows))
    means = [[kernel(cell, other) for other in cells] @ strength for cell in range(parts.size)]
    return np.array(means).T.reshape(len(prior), *SHAPE)


@pytest.mark.parametrize("with_deep", [False, True])
@pytest.mark.parametrize("count", [40, 1000], ids=["superpixels", "each cell for itself"])
def test_the_change_is_the_mean_of_a_gaussian_process(monkeypatch, with_deep, count):
    monkeypatch.setattr(superpixels, "COUNT", count)
    # edges have tests of their own
    monkeypatch.setattr(evidence, "average", lambda change, *_, **__: change)
    picture, deep, prior = scene()
    own = torch.from_numpy(deep) if with_deep else None
    cells, rows = np.array([25, 26, 150, 168, 290, 301]), np.array([0, 1, 1, 2, 0, 2])
    evident = Evidence(picture, own)
    found = evident(torch.from_numpy(prior), cells, rows)
    labels = evident._superpixel.numpy().reshape(SHAPE)
    expected = plain(picture, deep if with_deep else None, labels, prior, cells, rows)
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-4)


def test_what_only_confirms_changes_nothing():
    picture, _, prior = scene()
    prior[0] += 20
    found = Evidence(picture, None)(torch.from_numpy(prior), np.array([25, 150]), np.array([0, 0]))
    assert not found.any()
