"""The panel's fields as they were when saved work was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_ovseg._napari.layers.layer_parts import numbers
from napari_ovseg._napari.layers.reading_choice import show_reading
from napari_ovseg._napari.panel.form import Form
from napari_ovseg._napari.panel.model_box import LOCAL_FILE
from napari_ovseg._napari.panel.model_choice import ModelChoice
from napari_ovseg._napari.panel.settings_section import DEVICES, PACK_CHOICES
from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.method_names import METHODS
from napari_ovseg.views.looks import look_called
from napari_ovseg.views.presets import PRESETS
from napari_ovseg.views.sizes import parse_sizes

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Image


def show_choices(form: Form, choices: Mapping[str, Any]) -> None:
    """Set the fields to what saved work was made with; what it does not say, but a size, stays as it is.

    Parameters
    ----------
    form : Form
        Of the same picture.
    choices : mapping
        As in `choices.choices_of`; nothing in it is trusted.
    """
    if choices.get("preset") in PRESETS:
        form.preset.value = choices["preset"]
    if choices.get("pack") in PACK_CHOICES:
        form.pack.value = choices["pack"]
    if "method" in choices and choices["method"] in (None, *METHODS):
        form.method.value = choices["method"]
    if choices.get("device") in DEVICES:
        form.device.value = choices["device"]
    model, checkpoint = choices.get("model"), choices.get("checkpoint")
    if model and checkpoint:
        form.model.setCurrentIndex(form.model.findText(LOCAL_FILE))
        form.weights.architecture.setText(str(model))
        form.weights.file.setText(str(checkpoint))
    elif model:
        known = [form.model.itemData(index) for index in range(form.model.count())]
        names = [one.name if isinstance(one, ModelChoice) else one for one in known]
        if model in names:
            form.model.setCurrentIndex(names.index(model))
        else:
            form.model.setEditText(str(model))
    # after the model, which says what looks there are
    if isinstance(choices.get("look"), str):
        _show_look(form, choices["look"])
    form.size_row.take(_read_size(choices.get("size")))
    reading = choices.get("read")
    if isinstance(reading, Mapping):
        show_reading(form.channels, reading)


def _show_look(form: Form, look: str) -> None:
    try:
        form.settings.take_look(look_called(look))
    except InputError:
        return


def _read_size(size: object) -> str:
    """A size as it writes itself; "" for what is none, since that of another picture may be wrong here."""
    try:
        return str(parse_sizes(size)) if isinstance(size, str) else ""
    except InputError:
        return ""


def show_axes(dims: Dims, image: Image, choices: Mapping[str, Any]) -> None:
    """Turn the sliders so that the rows and columns in view are those that saved work has."""
    reading = choices.get("read")
    axes = numbers(reading.get("axes")) if isinstance(reading, Mapping) else None
    if axes is None or len(set(axes)) != 2 or not all(axis in range(image.ndim) for axis in axes):
        return
    wanted = [int(axis) + dims.ndim - image.ndim for axis in axes]
    if sorted(dims.order[-2:]) != sorted(wanted):
        dims.order = (*(axis for axis in dims.order if axis not in wanted), *wanted)
