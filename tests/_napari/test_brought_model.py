"""A model that another package brings, chosen in the list, run and asked for names by clicks."""

import numpy as np
import pytest

from napari_ovseg._napari.jobs.engine import default_engine
from napari_ovseg._napari.panel.suggest_dialog import KNOWN
from napari_ovseg.models.clip.method_names import METHODS

from .fakes import FakeMethod
from .used_panel import CORNERS


class RealMethod(FakeMethod):
    """No stand-in: the package's own functions."""

    @property
    def engine(self):
        return default_engine()


@pytest.fixture
def panel(request, brought, make_panel):
    panel = make_panel(RealMethod(), show=True, by_napari=getattr(request, "param", False))
    panel.viewer.add_image(CORNERS, name="photo")
    (entry,) = [n for n in range(panel.form.model.count()) if brought.name in panel.form.model.itemText(n)]
    assert panel.form.model.itemText(entry) == "colours - on this machine"
    panel.form.settings.method.value = "cam"
    panel.form.model.setCurrentIndex(entry)
    panel.form.preset.value = "fast"
    return panel


@pytest.mark.parametrize("panel", [False, True], indirect=True, ids=["docked", "by napari"])
def test_it_is_chosen_and_run_by_clicks(panel):
    panel.run("black, white; background: grey")
    np.testing.assert_array_equal(
        panel.viewer.layers["photo masks"].data, (CORNERS == 10).any(-1) + 2 * (CORNERS == 250).any(-1)
    )
    assert panel.model_used == "colours"


def test_only_the_methods_that_it_has_are_offered(panel):
    method = panel.form.settings.method
    assert (method.choices, method.value) == ((None,), None)
    assert panel.form.settings.cost.text() == "no extra time"
    panel.form.model.setEditText("demo")
    assert set(method.choices) == {None, *METHODS}


def test_the_words_that_it_knows_are_suggested(panel):
    panel.click(panel.form.suggest)
    panel.wait_until_idle()
    dialog = panel.widget.suggesting.dialog
    assert dialog.vocabulary.currentText() == KNOWN
    assert dialog.list.topLevelItemCount() == 7
    panel.click(dialog.close_button)
