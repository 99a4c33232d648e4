"""CLIP-ES against autograd through the entire network, explicit loops and a flood fill."""

from __future__ import annotations

import pytest
import torch
from readings import cam_by_autograd

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.relevance import relevance_from_states, relevance_maps
from napari_ovseg.models.clip.relevance.cam import boxes, share_gradients, stretched
from napari_ovseg.models.clip.trunk import trunk_states


@pytest.mark.parametrize("size", [(64, 64), (48, 80)])
@pytest.mark.parametrize("vision", [{}, {"layers": 10, "ls_init_value": 0.3}], ids=["three", "ten blocks"])
def test_equals_autograd_and_loops(vision, size, make_clip, texts):
    network = make_clip({**vision, "image_size": size})
    network.logit_scale.data.fill_(2.0)
    view = torch.randn(1, 3, *size, dtype=torch.float64)
    background = torch.nn.functional.normalize(torch.randn(7, 24, dtype=torch.float64), dim=-1)
    for words in (None, background):
        expected = cam_by_autograd(network, view, texts, words)
        assert (expected.flatten(1).amax(dim=1) > 0).all()
        maps = relevance_maps(network, view, texts, "cam", background=words).double()
        assert (maps - expected).abs().max() <= 1e-5 * expected.max()


def test_categories_and_background_compete(make_clip, view, texts):
    network = make_clip()
    network.logit_scale.data.fill_(2.0)
    alone = relevance_maps(network, view, texts[:2], "cam")
    assert not torch.allclose(relevance_maps(network, view, texts, "cam")[:2], alone)
    assert not torch.allclose(relevance_maps(network, view, texts[:2], "cam", background=texts[2:]), alone)


def test_where_nothing_competes_the_scores_themselves_are_explained(make_clip, view, texts):
    network = make_clip()
    expected = cam_by_autograd(network, view, texts[:1], None)
    assert expected.max() > 0
    maps = relevance_maps(network, view, texts[:1], "cam").double()
    assert (maps - expected).abs().max() <= 1e-5 * expected.max()
    assert torch.equal(share_gradients(torch.randn(1, 2), torch.tensor([0, 0]))[0], torch.eye(2))


def test_a_name_that_is_all_but_certain_keeps_its_gradient():
    """In float32 the share of 1 - 1e-11 is 1; what is missing to 1 is the sum of the others' shares."""
    logits = torch.tensor([[25.0, 0.0, -1.0]])
    found = share_gradients(logits, torch.tensor([0]))
    shares = logits.double().requires_grad_()
    (expected,) = torch.autograd.grad(shares.softmax(dim=1)[0, 0], shares)
    torch.testing.assert_close(found[0].double(), expected, rtol=1e-5, atol=0)


def test_a_map_without_activation_has_no_box():
    assert boxes(torch.zeros(12), (3, 4)).sum() == 0


@pytest.mark.parametrize(("value", "inside"), [(0.399, False), (0.401, True), (0.403, True)])
def test_a_box_holds_what_is_above_four_tenths(value, inside):
    """Their highest step is 254 of 255, so what is 102 steps high is inside already."""
    raw = torch.zeros(1, 1, 12)
    raw[0, 0, 0], raw[0, 0, 6] = 3.0, 3.0 * value
    activation = stretched(raw, torch.tensor([True]), 0)[0]
    assert boxes(activation, (3, 4)).tolist() == [1, *(5 * [0]), int(inside), *(5 * [0])]


def test_what_is_all_but_zero_becomes_nothing():
    raw = torch.tensor([[[0.0, 1.0, 2.0], [0.0, 1e-20, 2e-20]]])
    own = torch.eye(2, dtype=torch.bool)
    torch.testing.assert_close(stretched(raw, own[0], 0), torch.tensor([[0.0, 0.5, 1.0]]))
    assert stretched(raw, own[1], 1).amax() < 1e-5


@pytest.mark.parametrize(
    ("method", "shape", "says"), [("cam", (2, 3), r"\(B, 24\)"), ("explain", (2, 24), "use cam")]
)
def test_a_background_that_does_not_fit_says_why(method, shape, says, make_clip, view, texts):
    with pytest.raises(InputError, match=says):
        relevance_maps(make_clip(), view, texts, method, background=torch.ones(shape))


@pytest.mark.parametrize("owners", [[0, 1, 2], [0, 0, 1], [0, 1, 1, 1, 2]])
@pytest.mark.parametrize("others", [0, 3])
def test_words_of_a_category_add_up_to_the_gradient_of_its_share(owners, others):
    torch.manual_seed(len(owners) + others)
    logits = (3 * torch.randn(2, len(owners) + others, dtype=torch.float64)).requires_grad_()
    found = share_gradients(logits.detach(), torch.tensor(owners))
    for category in set(owners):
        words = [word for word, owner in enumerate(owners) if owner == category]
        share = logits.softmax(dim=1)[:, words].sum()
        (expected,) = torch.autograd.grad(share, logits)
        torch.testing.assert_close(found[:, words].sum(dim=1), expected)
        for word in words:
            siblings = [other for other in words if other != word]
            assert (found[:, word, siblings] == 0).all(), "synonyms don't compete"


def test_synonyms_share_one_scale(make_clip, texts):
    """Of two synonyms that see different things, the likelier has the higher map, and only it reaches 1."""
    network = make_clip()
    network.logit_scale.data.fill_(2.0)
    view = torch.randn(1, 3, 32, 48, dtype=torch.float64)
    states = trunk_states(network, view, attention=True)

    def maps(owners, vectors=texts):
        return relevance_from_states(network, states, vectors, "cam", owners=torch.tensor(owners))[0]

    alone = maps(list(range(len(texts))))
    torch.testing.assert_close(alone, relevance_from_states(network, states, texts, "cam")[0])
    twice = maps([0, 0, *range(1, len(texts))], torch.cat([texts[:1], texts]))
    torch.testing.assert_close(twice[0], twice[1], msg="a name said twice")
    together = maps([0, 0, *range(1, len(texts) - 1)])
    assert not torch.allclose(together[:2], alone[:2])
    assert together[:2].amax() > 0
