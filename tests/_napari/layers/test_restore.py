"""Saved work that does not fit its picture is refused in words that say what differs; no window."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_ovseg._napari.layers.restore import restore
from napari_ovseg._napari.layers.source import source_of
from napari_ovseg.annotation import Annotation, SliceAnnotation
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import named_labels


def work_on(*positions, size):
    slices = {at: SliceAnnotation(np.zeros(size, np.uint8), np.full(size, 255, np.uint8)) for at in positions}
    return Annotation(named_labels(("cell",)), slices=slices)


@pytest.mark.parametrize(
    ("shape", "work", "said"),
    [
        ((20, 30), work_on((), size=(40, 30)), "have 40 x 30 pixels, and 'photo' has 20 x 30 as"),
        ((5, 70, 80), work_on((1,), (7,), size=(70, 80)), "of slice 7, and 'photo' has no such as"),
        ((5, 70, 80), work_on((), size=(70, 80)), "of a picture without slices, and 'photo'"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_shown(shape, work, said):
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros(shape), name="photo", rgb=False)
    with pytest.raises(InputError, match=said):
        restore(viewer, image, source_of(image, viewer.dims), work)
    assert list(viewer.layers) == [image]
