"""What a run is asked for, in the panel: names, picture, model and weights, and what is refused."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg._napari.panel.model_box import LOCAL_FILE
from napari_ovseg._napari.panel.settings_section import PRESETS
from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.method_names import METHODS

from ..fakes import FakeMethod
from ..used_panel import NOISE


@pytest.mark.parametrize(
    ("names", "words"),
    [("", "no name to find"), ("a, a", "typed twice"), ("background: sky", "no name"), (": x", "no name")],
)
def test_bad_names_are_said_and_nothing_changes(make_panel, names, words):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run(names)
    assert words in panel.message
    assert panel.layers == ["photo"]
    assert panel.method.calls == 0


def test_no_picture_is_said(make_panel):
    panel = make_panel()
    panel.run("bright")
    assert "no image layer" in panel.message
    panel.viewer.add_labels(np.zeros((5, 5), np.uint8))
    panel.run("bright")
    assert "no image layer" in panel.message


@pytest.mark.parametrize("shape", [(1, 1), (8, 8)], ids=["one pixel", "zeros"])
def test_bad_pictures_are_said(make_panel, shape):
    panel = make_panel()
    panel.viewer.add_image(np.zeros(shape, np.uint8), name="photo")
    panel.run("bright")
    assert panel.message
    assert panel.layers == ["photo"]


def test_licences_are_shown_before_first_use(make_panel, monkeypatch):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    asked = []
    answers = iter([QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes])
    monkeypatch.setattr(QMessageBox, "question", lambda *args: (asked.append(args[2]), next(answers))[1])
    model = panel.form.model
    model.setCurrentIndex(next(i for i in range(model.count()) if "MobileCLIP2-B/" in model.itemText(i)))
    panel.run("bright")
    assert "research only" in asked[0]
    assert panel.method.calls == 0
    panel.run("bright")
    panel.run("bright")
    assert (len(asked), panel.method.calls) == (2, 2)
    assert (
        panel.viewer.layers["photo masks"].metadata[METADATA_KEY]["record"]["model"]
        == "MobileCLIP2-B/dfndr2b"
    )


def test_models_say_where_they_are_and_any_name_can_be_typed(make_panel):
    panel = make_panel()
    titles = [panel.form.model.itemText(i) for i in range(panel.form.model.count())]
    assert titles[0] == "demo - bundled"
    assert any("ViT-B-16-quickgelu/openai" in title and "MIT" in title for title in titles)
    panel.viewer.add_image(NOISE, name="photo")
    panel.form.model.setEditText("hf-hub:someone/something")
    panel.run("bright")
    assert (
        panel.viewer.layers["photo masks"].metadata[METADATA_KEY]["record"]["model"]
        == "hf-hub:someone/something"
    )
    assert panel.form.model.currentText() == "hf-hub:someone/something"


def test_typed_research_weights_show_their_licence_too(make_panel, monkeypatch):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    asked = []
    no = QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *args: (asked.append(args[2]), no)[1])
    panel.form.model.setEditText("ViT-B-16-quickgelu/metaclip_400m")
    panel.run("bright")
    assert "CC BY-NC" in asked[0]
    assert panel.method.calls == 0


def test_weights_from_a_local_file(make_panel, tmp_path, qtbot, monkeypatch):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    weights = panel.form.weights
    assert weights.isHidden()
    panel.form.model.setCurrentIndex(panel.form.model.findText(LOCAL_FILE))
    assert not weights.isHidden()
    panel.run("bright")
    assert "No file of weights" in panel.message
    path = tmp_path / "mine.safetensors"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(path), ""))
    qtbot.mouseClick(weights.browse, Qt.MouseButton.LeftButton)
    weights.architecture.setText(" ViT-L-14 ")
    panel.run("bright")
    assert panel.method.checkpoints == [path]
    assert panel.model_used == "ViT-L-14"
    assert panel.form.model.currentText() == LOCAL_FILE


def test_presets_are_those_of_the_method():
    from napari_ovseg.views import augmentation

    assert tuple(augmentation.PRESETS) == PRESETS


def test_the_background_is_guessed_unless_chosen_and_the_message_says_which(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE)
    panel.method.guessed = "microscopy"
    panel.run()
    assert panel.method.packs == ["guess"]
    assert "Background: microscopy (guessed)." in panel.form.message.text()
    panel.form.pack.value = "aerial"
    panel.run()
    assert panel.method.packs == ["guess", "aerial"]
    assert "Background: aerial." in panel.form.message.text()
    masks = panel.viewer.layers.selection.active
    assert masks.metadata[METADATA_KEY]["record"]["pack"] == "aerial"


def test_the_method_is_that_of_the_model_unless_chosen_and_what_it_costs_is_said(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    form = panel.form
    assert form.settings.cost.text() == "maskclip: no extra time"
    panel.run()
    form.model.setEditText("ViT-B-16-quickgelu/openai")
    assert form.settings.cost.text() == "cam: 5 % more time per name"
    form.method.value = "legrad"
    assert form.settings.cost.text() == "8 % more time per name"
    assert "legrad" in form.settings.summary.text()
    panel.run()
    assert panel.method.methods == [None, "legrad"]
    assert panel.current.settings["method"] == "legrad"
    assert set(form.method.choices) == {None, *METHODS}


def test_a_method_that_a_model_lacks_is_refused_in_words(make_panel):
    refusal = InputError("The method cam needs a transformer whose patches can be averaged: use explain.")
    panel = make_panel(FakeMethod(error=refusal))
    panel.viewer.add_image(NOISE, name="photo")
    panel.form.method.value = "cam"
    panel.run()
    assert panel.message == str(refusal)
    assert panel.layers == ["photo"]
