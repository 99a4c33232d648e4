import numpy as np
import pytest
import torch

from napari_ovseg.demo.batches import GROUPS, Pool, batches
from napari_ovseg.demo.loss import CALIBRATION, DENIED, POOL_TEMPERATURE, loss_of
from napari_ovseg.demo.tower import Tower
from napari_ovseg.demo.truth import FALSE, TRUE


def test_the_loss_is_that_of_plain_loops(few_pools: list[Pool]) -> None:
    torch.manual_seed(0)
    tower = Tower().eval()
    batch = next(batches(few_pools, 0, 0, 1))
    with torch.no_grad():
        loss = loss_of(tower, batch)
        words = tower.text(batch.texts)
        cls, patches = tower.image(batch.pictures, batch.corner)
        dense = tower.logits(patches, words).double().numpy()
        scores = [tower.logits(cls, words).double().numpy()]
    scores.append(np.stack([_pooled(one) for one in dense]))
    inside = batch.windows.numpy()
    scores.append(np.stack([_pooled(dense[o][i]) for o, i in zip(batch.owners, inside, strict=True)]))
    truths = [batch.said.numpy(), batch.said.numpy(), batch.said_of_windows.numpy()]
    expected = sum(_slow_loss(s, t) for s, t in zip(scores, truths, strict=True))
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def _pooled(scores: np.ndarray) -> np.ndarray:
    """A softmax over patches, phrase by phrase."""
    weights = np.exp(scores / POOL_TEMPERATURE)
    return (scores * weights).sum(0) / weights.sum(0)


def _slow_loss(logits: np.ndarray, said: np.ndarray) -> float:
    """`loss_of_logits`, pair by pair."""

    def softplus(x: float) -> float:
        return float(np.logaddexp(0, x))

    pairs = [(b, p) for b in range(len(said)) for p in range(said.shape[1])]
    true = [pair for pair in pairs if said[pair] == TRUE]
    sigmoid = np.mean([softplus(-logits[pair]) for pair in true]) + DENIED * np.mean(
        [softplus(logits[pair]) for pair in pairs if said[pair] == FALSE]
    )
    others = [
        np.logaddexp.reduce([-1e4, *(logits[o, p] for o in range(len(said)) if said[o, p] == FALSE)])
        for _, p in true
    ]
    per_phrase = np.mean([softplus(o - logits[pair]) for o, pair in zip(others, true, strict=True)])
    loss = CALIBRATION * (sigmoid + per_phrase)
    ends = np.cumsum([0, *map(len, GROUPS)]).tolist()
    for start, end in zip(ends, [*ends[1:], said.shape[1]], strict=True):
        terms = []
        for b, p in true:
            if start <= p < end:
                denied = [logits[b, q] for q in range(start, end) if said[b, q] == FALSE]
                terms.append(softplus(np.logaddexp.reduce([-1e4, *denied]) - logits[b, p]))
        loss += np.mean(terms) if terms else 0
    return loss
