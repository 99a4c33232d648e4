"""Sample data for napari's File menu; each comes with names to type, filled in by the panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg.errors import InputError

LayerTuple = tuple[Any, dict[str, Any], str]

SCENE_SEED = 3


def generated_scene() -> list[LayerTuple]:
    """Return a generated scene, and its truth as a hidden labels layer."""
    from napari_ovseg.demo.scenes import sample_scene

    picture, labels, names = sample_scene(SCENE_SEED)
    legend = Legend.of(names)
    truth = {
        "name": "scene truth",
        "visible": False,
        "features": legend.features,
        "colormap": legend.colormap(),
        "opacity": 0.6,
    }
    return [_picture(picture, "scene", names), (labels, truth, "labels")]


def immunohistochemistry() -> list[LayerTuple]:
    """Return stained tissue from scikit-image, (512, 512, 3)."""
    return [_picture(_read("immunohistochemistry"), "immunohistochemistry", ["nuclei"])]


def coins() -> list[LayerTuple]:
    """Return grey coins from scikit-image, (303, 384)."""
    return [_picture(_read("coins"), "coins", ["coins"])]


def cat() -> list[LayerTuple]:
    """Return the cat Chelsea from scikit-image, (300, 451, 3)."""
    return [_picture(_read("cat"), "cat", ["cat: tabby, kitten"])]


def coffee() -> list[LayerTuple]:
    """Return a cup of coffee from scikit-image, (400, 600, 3), for the model of photos if it is installed."""
    from napari_ovseg.demo.photo import MODEL, NAMES, photo_advice

    return [_picture(_read("coffee"), "coffee", NAMES, "" if photo_advice() else MODEL)]


def astronaut() -> list[LayerTuple]:
    """Return a portrait of Eileen Collins from scikit-image, (512, 512, 3)."""
    return [_picture(_read("astronaut"), "astronaut", ["flag", "space shuttle"])]


def _picture(data: Any, name: str, names: list[str], model: str = "") -> LayerTuple:
    metadata = {METADATA_KEY: {"names": names, "model": model}}
    return data, {"name": name, "rgb": data.ndim == 3, "metadata": metadata}, "image"


def _read(name: str) -> Any:
    from skimage import data

    read: Callable[[], Any] = getattr(data, name)
    try:
        return read()
    except Exception as error:  # pooch raises whatever its downloader does
        raise InputError(
            f"The sample '{name}' is not on this machine and could not be fetched ({error}): "
            "connect to the internet once, or choose another sample."
        ) from error
