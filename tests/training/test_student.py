"""The part of a tower that learns."""

from __future__ import annotations

import open_clip
import pytest
import torch
from open_clip.timm_model import TimmModel
from torch.nn import functional as F

from napari_ovseg import relevance_maps
from napari_ovseg.images import read_image, to_rgb
from napari_ovseg.training.resumable import Training
from napari_ovseg.training.student import Student
from napari_ovseg.training.targets import example_of
from tiny import TEXT, VISION

LAST = {"ln_1.weight", "ln_1.bias", "attn.in_proj_weight", "attn.in_proj_bias"}
LAST |= {"attn.out_proj.weight", "attn.out_proj.bias"}


@pytest.fixture
def examples(model, pictures):
    return [example_of(to_rgb(read_image(path)), model) for path in sorted(pictures.iterdir())]


@pytest.fixture
def student(model):
    return Student(model.network.visual)


def test_before_it_learns_it_sees_what_its_teacher_sees_in_one_look(model, student, examples, pictures):
    view = model.preprocess(to_rgb(read_image(pictures / "0.png")), (64, 64))
    seen = relevance_maps(model.network, view, torch.eye(24), "maskclip").flatten(1).T
    torch.testing.assert_close(
        student.vectors(examples[0].tokens[None].float(), (8, 8))[0].detach(), seen, atol=5e-3, rtol=0
    )


def test_the_last_two_blocks_learn_as_far_as_patches_depend_on_them(model, student):
    in_last = {name.split("resblocks.2.")[1] for name in student.learning if "resblocks.2." in name}
    assert in_last == LAST
    block = {name for name, _ in model.network.visual.transformer.resblocks[1].named_parameters()}
    assert {name.split("resblocks.1.")[1] for name in student.learning if "resblocks.1." in name} == block
    others = {name for name in student.learning if "resblocks" not in name}
    assert others == {"proj", "ln_post.weight", "ln_post.bias"}
    free = {name for name, one in student.visual.named_parameters() if one.requires_grad}
    assert free == set(student.learning)


@pytest.mark.parametrize("name", ["test_vit", "test_vit2", "test_vit3"])
def test_towers_of_timm_learn_too(name):
    pool, proj = {
        "test_vit": ("token", "linear"),
        "test_vit2": ("avg", "linear"),
        "test_vit3": ("map", "none"),
    }[name]
    visual = TimmModel(name, embed_dim=24, pool=pool, proj=proj, image_size=160)
    learning = Student(visual).learning
    blocks = {int(one.split("blocks.")[1].split(".")[0]) for one in learning if ".blocks." in one}
    count = len(visual.trunk.blocks)
    assert blocks == {count - 2, count - 1}
    assert not any("patch_embed" in one or "pos_embed" in one for one in learning)


def test_the_loss_is_the_mean_distance_of_all_patches(student, examples):
    distances = []
    for one in examples:
        grid = tuple(one.target.shape[:2])
        found = student.vectors(one.tokens[None].float(), grid)[0].detach().double()
        for patch, wanted in zip(found, one.target.flatten(0, 1).double(), strict=True):
            distances.append(1 - float(patch @ wanted / patch.norm() / wanted.norm()))
    assert len({one.target.shape for one in examples}) == 2
    assert student.loss(examples).item() == pytest.approx(sum(distances) / len(distances), abs=1e-5)


def test_it_learns_a_few_pictures_by_heart_and_leaves_the_teacher_alone(model, student, examples, tmp_path):
    before = {name: value.clone() for name, value in model.network.visual.state_dict().items()}
    losses = Training(student.learning, tmp_path, "").run(lambda chance: student.loss(examples), 150, 3e-3)
    assert losses[-1] < 0.3 * losses[0]
    for name, value in model.network.visual.state_dict().items():
        assert torch.equal(value, before[name])
    learnt, width = student.learnt(), VISION["width"]
    for name, value in student.visual.state_dict().items():
        assert torch.equal(value, before[name]) != (name in learnt), name
    # no patch depends on whom it would have looked at in the last block
    packed = "transformer.resblocks.2.attn.in_proj_weight"
    assert torch.equal(learnt[packed][: 2 * width], before[packed][: 2 * width])


def test_features_are_of_unit_length(student, examples):
    found = student.vectors(examples[2].tokens[None].float(), (6, 11))
    torch.testing.assert_close(F.normalize(found, dim=-1), found)
    assert found.shape == (1, 66, 24)


def test_coca_learns_too():
    settings = {"attentional_pool": True, "attn_pooler_heads": 2, "attn_pooler_queries": 5}
    network = open_clip.CLIP(24, VISION | {"layers": 3} | settings, TEXT)
    learning = Student(network.visual).learning
    assert not any("resblocks.0." in one for one in learning)
    assert any("resblocks.1." in one for one in learning)
