import pytest
import torch
from torch.nn import functional as F

from napari_ovseg.models.fast.network import FastNetwork

JOINT, FEATURES = 12, 40


@pytest.fixture
def network():
    torch.manual_seed(0)
    return FastNetwork(FEATURES, JOINT, 10.0)


def test_before_the_first_step_the_vectors_are_those_of_the_tower(network):
    deep, pictures = torch.randn(2, FEATURES, 4, 6), torch.randn(2, 3, 32, 48)
    seen = network(deep, pictures)
    own = F.interpolate(F.normalize(deep[:, -JOINT:], dim=1), (16, 24), mode="bilinear", align_corners=False)
    torch.testing.assert_close(seen.vectors, F.normalize(own, dim=1))
    assert seen.ground.shape == (2, 16, 24)


def test_logits_are_scaled_cosines_with_background_first(network):
    seen = network(torch.randn(1, FEATURES, 2, 2), torch.randn(1, 3, 16, 16))
    words = F.normalize(torch.randn(3, JOINT), dim=1)
    logits = network.logits(seen, words)
    assert logits.shape == (1, 4, 8, 8)
    torch.testing.assert_close(logits[:, 0], seen.ground)
    for row in range(8):
        for column in range(8):
            for name in range(3):
                cosine = float(words[name] @ seen.vectors[0, :, row, column])
                assert float(logits[0, name + 1, row, column]) == pytest.approx(10 * cosine, abs=1e-4)


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
