"""The choice of a look, with a model that knows dim bright things and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import ndimage

from blobs import blobs
from napari_ovseg import load_model, look_choice
from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import Cancelled
from napari_ovseg.in_looks import InLooks, see_in_looks
from napari_ovseg.look_choice import BRIGHT, DARK, DARKER, RAISED, LookChoice, choose_looks
from napari_ovseg.models.card import MapMethod, ModelCard
from napari_ovseg.models.likeness import Likeness
from napari_ovseg.models.map_model import Seen
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.views.augmentation import views_at
from napari_ovseg.views.looks import AS_IT_IS, Look
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureInMemory

METHOD = MapMethod()
KNOWN, UNKNOWN = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])


class DimSpots:
    """Says of "spots" how bright each cell is; of a view that it shows spots if any cell is bright."""

    card = ModelCard("dim spots", looks=(AS_IT_IS, BRIGHT, DARK, RAISED, DARKER))
    likeness = Likeness(20.0, -4.0)
    input_size, patch_size = 64, 4
    device, checkpoint_id, notes = torch.device("cpu"), "dim spots", []

    def __init__(self) -> None:
        self.looked = 0

    def encode(self, phrases, *, templates=None):
        return torch.stack([KNOWN if phrase == "spots" else UNKNOWN for phrase in phrases])

    def see(self, views, size, words=None, method=None):
        self.looked += len(views)
        grid = (size[0] // self.patch_size, size[1] // self.patch_size)
        pixels = (torch.from_numpy(view.mean(2))[None, None] for view in views)
        cells = torch.cat([F.interpolate(one, grid, mode="area") for one in pixels])
        seen = (4 * cells).clamp(0, 1)
        likely = seen.flatten(1).amax(1)
        vectors = torch.stack([likely, torch.zeros_like(likely), (1 - likely**2).sqrt()], 1)[:, :2]
        maps = torch.cat([(seen if word[0] == 1 else 0 * seen) for word in words.vectors], 1)
        return Seen(vectors, maps, seen.expand(-1, 3, -1, -1))


def spots(size: int = 160, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A grey picture of bright spots, ``(size, size, 3)``, and where they are."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((size, size))
    centres[tuple(rng.integers(8, size - 8, (2, 25)))] = 1
    truth = ndimage.distance_transform_edt(centres == 0) < 5
    grey = 0.15 + 0.6 * ndimage.gaussian_filter(truth.astype(float), 1) + rng.normal(0, 0.02, truth.shape)
    return grey.clip(0, 1).astype(np.float32)[..., None].repeat(3, 2), truth


def chosen(picture, names, model=None, run=None, method=METHOD, **choices):
    return choose_looks(
        PictureInMemory(picture),
        Settings(names=parse_categories(names), **choices),
        model=model or DimSpots(),
        method=method,
        run=run or Run(None, None),
    )


def seen_in(picture, look) -> InLooks:
    settings = Settings(names=parse_categories("spots"))
    return see_in_looks(
        PictureInMemory(picture),
        LookChoice((look,), (0.0,)),
        settings,
        model=DimSpots(),
        method=METHOD,
        run=Run(None, None),
    )


def test_bright_things_are_looked_for_as_bright_and_dark_ones_inverted():
    picture, _ = spots()
    assert chosen(picture, "spots").looks == (BRIGHT,)
    assert chosen(1 - picture, "spots").looks == (DARKER,)


def test_faint_things_among_bright_ones_are_raised():
    picture, truth = spots()
    dimmer = np.ones(truth.shape, np.float32)
    dimmer[:, 80:] = 0.15
    assert chosen(picture * dimmer[..., None], "spots").looks == (RAISED,)


def test_how_sure_it_is_does_not_depend_on_polarity():
    picture, _ = spots()
    upright, inverse = chosen(picture, "spots"), chosen(1 - picture, "spots")
    assert upright.sure[0] > 0.4
    assert inverse.sure[0] == pytest.approx(upright.sure[0], abs=0.02)


def test_a_name_that_is_known_in_no_look_is_shown_as_the_others_are():
    picture, _ = spots()
    choice = chosen(picture, "spots, hats")
    assert choice.looks == (BRIGHT, BRIGHT)
    assert choice.sure[1] == 0
    assert chosen(picture, "hats").looks == (AS_IT_IS,)


def test_noise_stays_as_it_is():
    noise = np.random.default_rng(0).random((160, 160, 1), np.float32).repeat(3, 2)
    assert chosen(noise, "spots").looks == (AS_IT_IS,)


@pytest.fixture(scope="module")
def bundled():
    return load_model("demo", device="cpu")


@pytest.mark.parametrize("inverted", [False, True])
def test_crowded_things_are_told_from_the_gaps_between_them(bundled, inverted):
    """Both stand out alike there; which of them the model knows better decides."""
    picture = blobs(576)[0][..., None].repeat(3, 2) / np.float32(255)
    method = bundled.card.find_method(Settings(names=parse_categories("nuclei")).method)
    choice = chosen(1 - picture if inverted else picture, "nuclei", bundled, method=method)
    assert choice.looks[0] in ((DARKER,) if inverted else (BRIGHT, RAISED))
    assert choice.sure[0] < 0.4


def test_clouds_in_which_bright_and_dark_are_alike_stay_as_they_are(bundled):
    noise = np.random.default_rng(2).normal(0, 1, (512, 512))
    clouds = ndimage.gaussian_filter(noise, 16)
    picture = (0.5 + 0.16 * clouds / clouds.std()).clip(0, 1).astype(np.float32)[..., None].repeat(3, 2)
    method = bundled.card.find_method(Settings(names=parse_categories("nuclei")).method)
    assert chosen(picture, "nuclei", bundled, method=method).looks == (AS_IT_IS,)


@pytest.mark.parametrize("size", [(560, 640), (200, 3000)])
def test_a_large_picture_is_judged_by_parts_of_it(size, monkeypatch):
    monkeypatch.setattr(look_choice, "MOSAIC", 429)
    monkeypatch.setattr(look_choice, "CELL", 143)
    picture = np.tile(spots(200)[0], (3, 15, 1))[: size[0], : size[1]]
    on_large, on_small = DimSpots(), DimSpots()
    large = chosen(picture, "spots", on_large)
    small = chosen(np.tile(spots(200)[0], (3, 3, 1))[:429, :429], "spots", on_small)
    assert {large.looks[0], small.looks[0]} <= {BRIGHT, RAISED}
    assert on_large.looked <= on_small.looked


def test_what_stands_for_a_picture_is_judged_whole(monkeypatch):
    """A mosaic that was made before is not cut again."""
    monkeypatch.setattr(look_choice, "MOSAIC", 429)
    monkeypatch.setattr(look_choice, "CELL", 143)
    picture = PictureInMemory(np.tile(spots(320)[0], (2, 2, 1)))
    model, settings = DimSpots(), Settings(names=parse_categories("hats"))
    how = {"model": model, "method": METHOD, "run": Run(None, None)}
    choose_looks(picture, settings, **how)
    of_mosaic, model.looked = model.looked, 0
    choose_looks(picture, settings, judged=picture, **how)
    assert model.looked > of_mosaic


def test_colour_stays_as_it_is_and_costs_nothing():
    picture, _ = spots()
    model = DimSpots()
    choice = chosen(np.stack([picture[..., 0], picture[..., 1], 1 - picture[..., 2]], 2), "spots", model)
    assert choice.looks == (AS_IT_IS,)
    assert model.looked == 0


@pytest.mark.parametrize("inverted", [False, True])
def test_masks_end_where_things_end(inverted):
    picture, truth = spots()
    seen = seen_in(1 - picture if inverted else picture, Look(inverted, True, gain=0.25))
    found = F.interpolate(seen.maps[None], truth.shape, mode="bilinear")[0, 0].numpy() > 0.5
    assert (found & truth).sum() / (found | truth).sum() > 0.7
    assert seen.presence > 0.9
    assert seen.features is not None
    assert seen.features.shape[1:] == seen.maps.shape[1:]


def test_the_guide_shows_bright_things_on_black_and_dark_ones_as_they_are():
    picture, truth = spots()
    assert seen_in(1 - picture, DARKER).guide is None
    guide = seen_in(picture, RAISED).guide
    assert guide is not None
    shown = Shown(PictureInMemory(picture), guide).read(side=160)
    assert shown[truth].mean() > 0.4
    assert shown[ndimage.distance_transform_edt(~truth) > 4].mean() < 0.1


@pytest.mark.parametrize("names", ["spots, hats", "hats, spots"])
def test_the_guide_leaves_the_largest_things_whole_in_whichever_order_names_are_typed(names):
    settings = Settings(names=parse_categories(names), size="spots 8, hats 80")
    seen = see_in_looks(
        PictureInMemory(spots()[0]),
        LookChoice((BRIGHT,) * 2, (0.0,) * 2),
        settings,
        model=DimSpots(),
        method=METHOD,
        run=Run(None, None),
    )
    assert seen.guide is not None
    assert seen.guide.width == max(one.width for one in seen.measured.renderings) > 60


def test_a_person_may_choose_any_look():
    picture, _ = spots()
    model = DimSpots()
    assert chosen(picture, "spots, hats", model, look="dimmed").looks == (Look(gain=0.25),) * 2
    assert model.looked == 0
    assert seen_in(picture, Look(gain=0.25)).maps.isfinite().all()


def test_a_model_whose_card_has_no_looks_sees_pictures_as_they_are():
    model = DimSpots()
    model.card = ModelCard("dim spots")
    assert chosen(spots()[0], "spots", model).looks == (AS_IT_IS,)
    assert model.looked == 0


def test_it_stops_between_windows():
    asked = iter([False] * 3 + [True] * 9)
    model = DimSpots()
    with pytest.raises(Cancelled):
        chosen(spots(400)[0], "spots", model, Run(None, lambda: next(asked)))
    assert 0 < model.looked < 200


@pytest.mark.parametrize(
    "size", [(200, 200), (512, 512), (603, 1272), (1024, 1024), (2048, 2048), (256, 2048)]
)
@pytest.mark.parametrize("level", [0.75, 1.5])
def test_no_window_is_wasted(size, level):
    views = views_at(level, *size, input_size=192)
    assert len({view.box for view in views}) == len(views)
    # what a window shows of the picture, at the model's own area
    top, left, bottom, right = views[0].box
    shown = np.sqrt((bottom - top) * size[0] * (right - left) * size[1])
    coarsest = np.sqrt(min(size[0], 1.8 * size[1]) * min(size[1], 1.8 * size[0]))
    assert abs(coarsest / shown - max(1, level * coarsest / 192)) <= 0.375 + 1e-6
