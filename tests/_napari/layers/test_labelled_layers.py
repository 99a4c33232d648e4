"""Labels layers as labelled pictures, ready to be written."""

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from npe2 import PluginManager
from PIL import Image

from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.labelled_layers import pictures_of
from napari_ovseg._napari.layers.result_layers import MASKS, PSEUDO_LABELS, write_labels
from napari_ovseg._napari.layers.source import source_of
from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.export.plan import Notes
from napari_ovseg.labelled import NamedLabel

LEGEND = Legend((NamedLabel(2, "cat", (10, 200, 30)),), 255)


@pytest.mark.parametrize("whole", [True, False])
def test_an_annotated_picture_brings_its_file_and_what_was_said_of_it(tmp_path, whole):
    PluginManager.instance().discover()
    viewer = ViewerModel()
    side = 16 if whole else 5000
    photo = np.random.default_rng(0).integers(0, 255, (side, side), dtype=np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(photo).save(path)
    if whole:
        (image,) = viewer.open(str(path))
    else:
        image = viewer.add_image([photo, photo[::4, ::4]], multiscale=True)
        image.metadata["napari-ovseg"] = {"path": str(path)}
    source = source_of(image, viewer.dims)
    plane = np.full([source.placement.shape[axis] for axis in source.placement.axes], 2, np.uint8)
    both = [
        write_labels(viewer, image, kind, plane, source.placement, LEGEND) for kind in (MASKS, PSEUDO_LABELS)
    ]
    tracked, rough = (written.tracked for written in both)
    annotated = Annotated(image, tracked, rough, LabelTable(LEGEND.labels))
    human = np.full_like(plane, 255)
    annotated.pieces[()] = SliceAnnotation(plane, human, record={"seed": 5}, done=True)
    (picture,) = pictures_of(*tracked.layer.as_layer_data_tuple()[:2], Notes())
    assert picture.picture_path == path
    assert (picture.done, picture.record) == (True, {"seed": 5})
    assert picture.labels.shape == photo.shape
    assert (picture.labels == 2).all()


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_table_of_another_program_with_gaps_and_text_names_what_it_can(missing):
    labels = np.array([[0, 1], [2, 3]], np.uint8)
    table = pd.DataFrame(
        {
            "index": [1, "2.0", 3, "none", missing, np.inf, -4, 1e9],
            "name": ["cat", "dog", missing, "text", "gap", "far", "below", "above"],
        },
        dtype=object,
    )
    layer = Labels(labels, features=table)
    data, meta, _ = layer.as_layer_data_tuple()
    (picture,) = pictures_of(data, meta, Notes())
    assert [(one.id, one.name) for one in picture.categories] == [(1, "cat"), (2, "dog"), (3, "label 3")]
