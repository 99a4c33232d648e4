import pytest
import torch
from torch.nn import functional as F

from napari_ovseg.models.fast.network import FastNetwork

JOINT, FEATURES = 12, 40


@pytest.fixture
def network():
    torch.manual_seed(0)
    return FastNetwork(FEATURES, JOINT, 10.0)


def test_before_the_first_step_the_answer_is_that_of_the_tower(network):
    deep, pictures = torch.randn(2, FEATURES, 4, 6), torch.randn(2, 3, 32, 48)
    words = F.normalize(torch.randn(3, JOINT), dim=1)
    seen = network(deep, pictures)
    own = torch.einsum("cd,vdhw->vchw", words, F.normalize(deep[:, -JOINT:], dim=1))
    wanted = 10 * F.interpolate(own, (16, 24), mode="bilinear", align_corners=False)
    logits = network.logits(seen, words)
    torch.testing.assert_close(logits[:, 1:], wanted)
    torch.testing.assert_close(logits[:, 0], seen.ground)
    assert network.away(seen) == 0


def test_logits_are_scaled_products_of_words_and_the_vectors_of_pixels(network):
    torch.nn.init.normal_(network.change)
    seen = network(torch.randn(1, FEATURES, 2, 2), torch.randn(1, 3, 16, 16))
    words = F.normalize(torch.randn(3, JOINT), dim=1)
    logits = network.logits(seen, words)
    own = F.interpolate(seen.own, (8, 8), mode="bilinear", align_corners=False)
    away = []
    for row in range(8):
        for column in range(8):
            added = network.change @ seen.fine[0, :, row, column]
            away.append(float(added @ added))
            for name in range(3):
                product = float(words[name] @ (own[0, :, row, column] + added))
                assert float(logits[0, name + 1, row, column]) == pytest.approx(10 * product, abs=1e-3)
    assert float(network.away(seen)) == pytest.approx(sum(away) / len(away), rel=1e-4)


def test_it_can_learn_an_edge_that_is_finer_than_a_patch(network):
    picture = torch.zeros(1, 3, 32, 32)
    picture[..., 5:22, 9:19] = 1
    deep = torch.zeros(1, FEATURES, 4, 4)
    deep[:, -1] = 1
    word = F.normalize(torch.randn(1, JOINT), dim=1)
    truth = picture[:, 0].long()
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(60):
        logits = network.logits(network(deep, picture), word)
        logits = F.interpolate(logits, (32, 32), mode="bilinear", align_corners=False)
        optimizer.zero_grad()
        F.cross_entropy(logits, truth).backward()
        optimizer.step()
    assert (logits.argmax(1) == truth).float().mean() > 0.97
