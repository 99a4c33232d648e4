"""Open napari with pictures and the panel; PyTorch is loaded before Qt, which Windows insists on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ovseg._napari.jobs.torch_loading import TORCH_ADVICE, load_torch
from napari_ovseg.errors import ModelError
from napari_ovseg.file_names import as_text
from napari_ovseg.imports import is_labelled
from napari_ovseg.pictures import Picture, read_picture

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_ovseg._napari.widget import OpenVocabularyWidget

# what napari calls the panel too, so that its menus show and hide this one and open no second
PANEL = "Text to masks (napari-ovseg)"


def open_window(images: Sequence[str | Path] = (), labels: str = "", *, demo: bool = False) -> None:
    """Open the window and stay until it is closed.

    Parameters
    ----------
    images : sequence of paths
        Pictures to open, each as a layer; and labels with names, also folders of them.
    labels : str
        Names to fill in, in the grammar of `parse_categories`.
    demo : bool
        Show the main job at once on sample pictures: `Demonstration`.

    Raises
    ------
    InputError
        When a picture can't be read; no window is opened then.
    ModelError
        When PyTorch can't be loaded.
    """
    try:
        load_torch()
    except (ImportError, OSError) as error:
        raise ModelError(TORCH_ADVICE.format(error=error)) from error
    import napari

    build_window(images, labels, demo=demo)
    napari.run()


def build_window(
    images: Sequence[str | Path] = (), labels: str = "", *, demo: bool = False, show: bool = True
) -> tuple[Viewer, OpenVocabularyWidget]:
    """Build the window of :func:`open_window` and return at once; tests do not show it."""
    from napari_ovseg._napari.files.readers import labelled_layers

    opened = [labelled_layers(path) if is_labelled(path) else read_picture(path) for path in images]
    import napari
    from napari.utils.notifications import show_warning
    from qtpy.QtCore import QTimer

    from napari_ovseg._napari.demonstration import Demonstration
    from napari_ovseg._napari.widget import OpenVocabularyWidget

    viewer = napari.Viewer(title="napari-ovseg", show=show)
    notes = _add_opened(viewer, images, opened)
    widget = OpenVocabularyWidget(viewer)
    viewer.window.add_dock_widget(widget, name=PANEL, area="right")
    # the panel takes its room from the canvas, which then shows less than the whole picture
    QTimer.singleShot(0, viewer.reset_view)
    if notes:
        show_warning("\n".join(notes))
    if labels:
        widget.form.names.setPlainText(labels)
    if demo:
        Demonstration(viewer, widget).start()
    return viewer, widget


def _add_opened(viewer: Viewer, images: Sequence[str | Path], opened: Sequence[Any]) -> list[str]:
    """Add what was read from each path, a picture or layers of labels; returns what has to be said of it."""
    from napari.layers import Layer

    from napari_ovseg._napari.layers.result_layers import METADATA_KEY

    notes: list[str] = []
    names = _names_of(images, opened)
    seen = False
    placed = _placed([one for one in opened if isinstance(one, Picture)])
    for path, picture in zip(map(Path, images), opened, strict=True):
        if isinstance(picture, tuple):
            layers, changed = picture
            notes += changed
            for data, state, kind in layers:
                # labels that say nothing of their size lie on the picture that they fit
                like = {} if "scale" in state else placed.get(tuple(data.shape), {})
                own = {"name": next(names), "visible": not seen}
                viewer.add_layer(Layer.create(data, state | like | own, kind))
                seen = True
            continue
        # napari tells a layer its file only where one of its own readers has opened it
        metadata = {METADATA_KEY: {"path": str(path.absolute())}}
        how = {"rgb": picture.has_colours, **placed.get(_sides(picture), {})}
        viewer.add_image(picture.pixels, name=as_text(path.stem), metadata=metadata, **how)
    return notes


def _names_of(images: Sequence[str | Path], opened: Sequence[Any]) -> Iterator[str]:
    """Names for the layers of labels, in turn; where one occurs twice, with the file or folder it is from."""
    found = [
        (str(state["name"]), Path(path).absolute())
        for path, layers in zip(images, opened, strict=True)
        if isinstance(layers, tuple)
        for _, state, _ in layers[0]
    ]
    often = Counter(name for name, _ in found)
    for name, path in found:
        alike = [other for same, other in found if same == name]
        parts = {other.name for other in alike}
        told = path.name if len(parts) == len(alike) else path.parent.name
        yield name if often[name] == 1 else as_text(f"{name} ({told})")


def _sides(picture: Picture) -> tuple[int, ...]:
    """The shape of a picture without its colours."""
    return picture.pixels.shape[: picture.pixels.ndim - picture.has_colours]


def _placed(pictures: Sequence[Picture]) -> dict[tuple[int, ...], dict[str, Any]]:
    """How large pictures are, as arguments of layers of their shape; pages of a stack are one unit apart.

    Nothing where some have a size and others have not, or one shape has two: layers would not share a world.
    """
    if any(picture.pixel_size is None for picture in pictures):
        return {}
    found: dict[tuple[int, ...], dict[str, Any]] = {}
    for picture in pictures:
        pages = len(_sides(picture)) - 2
        scale = (*[1.0] * pages, *(picture.pixel_size or ()))
        place = {"scale": scale, "units": (*["pixel"] * pages, *[picture.unit] * 2)}
        if found.setdefault(_sides(picture), place) != place:
            return {}
    return found
