"""What a person has painted or named in the panel: there, called so, and undone in its turn."""

from __future__ import annotations

import numpy as np
from napari.layers.labels._labels_key_bindings import new_label, undo

from napari_ovseg._napari.panel.category_cells import NAME, PRESENCE

from ..brush import drag
from ..fakes import FakeMethod
from ..used_panel import CORNERS


def colour(panel, row):
    return panel.form.table.item(row, NAME).foreground().color().name()


def rename(panel, row, name):
    table = panel.form.table
    table.renamed.emit(table.id_of_row(row), name)


def test_what_was_painted_is_there_whatever_the_model_took_to_be_absent(make_panel):
    panel = make_panel(FakeMethod(absent=("dark",)))
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run()
    masks = panel.viewer.layers["photo masks"]
    plain, faint = colour(panel, 0), colour(panel, 1)
    assert faint != plain
    drag(masks, (5, 5), (5, 9), label=2)
    panel.widget.annotator.settle()
    assert colour(panel, 1) == plain
    assert panel.form.table.item(1, PRESENCE).text() == "12 %"
    assert "Probably absent" not in panel.message
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()
    assert (masks.data == 2).sum() > 500
    assert "Probably absent" not in panel.message
    assert "'dark' 0% -> " in panel.message
    masks.undo()
    masks.undo()
    panel.widget.annotator.settle()
    assert colour(panel, 1) == faint


def test_masks_of_an_earlier_run_do_not_show_through_those_of_another_reading(make_panel):
    panel = make_panel()
    panel.viewer.add_image(np.random.default_rng(0).random((3, 24, 32)), name="photo")
    panel.run("bright")
    panel.form.channels.reading.setCurrentIndex(1)
    panel.run("bright")
    old, new = (panel.viewer.layers[name] for name in ("photo masks", "photo masks [1]"))
    assert new.visible
    assert not old.visible
    assert "'photo masks' is hidden below 'photo masks [1]'." in panel.message


def test_a_category_that_nobody_named_is_not_looked_for_until_it_is(make_panel):
    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run("bright, dark")
    masks = panel.viewer.layers["photo masks"]
    new_label(masks)
    drag(masks, (5, 5), (5, 9))
    panel.widget.annotator.settle()
    assert panel.names[:3] == ["bright", "dark", "label 3"]
    assert panel.form.names.toPlainText() == "bright, dark"
    panel.click_run()
    panel.wait_until_idle()
    panel.form.table.add_requested.emit("bird")
    panel.wait_until_idle()
    assert panel.method.looked_for == [["bright", "dark"], ["bright", "dark"], ["bright", "dark", "bird"]]
    assert "label 3" in panel.names
    rename(panel, panel.names.index("label 3"), "sea")
    panel.click_run()
    panel.wait_until_idle()
    assert sorted(panel.method.looked_for[-1]) == ["bird", "bright", "dark", "sea"]


def test_names_typed_and_not_run_survive_a_rename_and_its_undo_and_undo_says_what_no_pixel_shows(make_panel):
    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run("bright, dark")
    masks = panel.viewer.layers["photo masks"]
    drag(masks, (5, 5), (5, 9), label=2)
    panel.type_names("bright, dark, bird: robin")
    rename(panel, 0, "light")
    box = panel.form.names
    assert box.toPlainText().split("\n") == ["light", "dark", "bird: robin"]
    undo(masks)
    panel.qtbot.waitUntil(lambda: panel.names[0] == "bright")
    assert panel.message == "Taken back: 'bright' is called 'light'."
    assert (masks.data[5, 5:10] == 2).all()
    panel.qtbot.waitUntil(lambda: box.toPlainText().split("\n") == ["bright", "dark", "bird: robin"])
    undo(masks)
    assert (masks.data[5, 5:10] == 0).all()
    drag(masks, (5, 5), (5, 9), label=0)
    panel.widget.annotator.settle()
    undo(masks)
    assert panel.message == "Taken back: a stroke over 5 pixels that had its label already."
