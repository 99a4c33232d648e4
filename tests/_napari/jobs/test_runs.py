"""What ends a run early, in the panel: a person, a picture that goes away, an error."""

import pytest
from napari.utils.notifications import notification_manager

from napari_ovseg.errors import InputError, ModelError

from ..fakes import FakeMethod
from ..used_panel import NOISE


def test_cancel_stops_within_a_step_and_changes_nothing(make_panel, qtbot):
    panel = make_panel(FakeMethod(steps=400, seconds=0.01))
    panel.viewer.add_image(NOISE, name="photo")
    panel.type_names("bright")
    panel.click_run()
    qtbot.waitUntil(lambda: "of 400" in panel.form.stage.text(), timeout=20_000)
    assert not panel.form.run.isEnabled()
    done = panel.method.steps_done
    panel.click_cancel()
    assert panel.message == "Cancelled; the layers are as they were."
    panel.wait_until_idle()
    assert panel.method.steps_done <= done + 2
    assert panel.layers == ["photo"]
    assert panel.form.run.isEnabled()


def test_cancel_after_the_pseudo_labels_takes_them_back(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.start_held("bright")
    qtbot.waitUntil(lambda: "photo pseudo-labels" in panel.viewer.layers, timeout=20_000)
    panel.click_cancel()
    assert panel.layers == ["photo"]
    panel.wait_until_idle()
    assert panel.layers == ["photo"]


def test_cancelling_a_second_run_restores_the_first(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run("bright, dark")
    before = {layer.name: layer.data.copy() for layer in panel.viewer.layers}
    panel.start_held("other, bright")
    qtbot.wait(50)
    panel.click_cancel()
    panel.wait_until_idle()
    assert {layer.name: layer.data.tolist() for layer in panel.viewer.layers} == {
        name: data.tolist() for name, data in before.items()
    }


def test_a_run_after_a_cancelled_one_works(make_panel, qtbot):
    panel = make_panel(FakeMethod(steps=20, seconds=0.01))
    panel.viewer.add_image(NOISE, name="photo")
    panel.type_names("bright")
    panel.click_run()
    panel.click_cancel()
    panel.wait_until_idle()
    panel.run("bright")
    assert "photo masks" in panel.viewer.layers


def test_deleting_the_picture_stops_its_run(make_panel, qtbot):
    panel = make_panel()
    image = panel.viewer.add_image(NOISE, name="photo")
    other = panel.viewer.add_image(NOISE, name="other")
    panel.viewer.layers.selection.active = image
    panel.start_held("bright")
    qtbot.waitUntil(lambda: "photo pseudo-labels" in panel.viewer.layers, timeout=20_000)
    panel.viewer.layers.remove(image)
    assert panel.message == "'photo' was removed, so its run was stopped."
    panel.wait_until_idle()
    assert list(panel.viewer.layers) == [other]


def test_renaming_the_picture_mid_run_is_no_matter(make_panel, qtbot):
    panel = make_panel()
    image = panel.viewer.add_image(NOISE, name="photo")
    panel.start_held("bright")
    qtbot.waitUntil(lambda: "photo pseudo-labels" in panel.viewer.layers, timeout=20_000)
    image.name = "renamed"
    panel.method.hold.set()
    panel.wait_until_idle()
    assert panel.layers == ["renamed", "photo pseudo-labels", "renamed masks"]


def test_deleting_the_pseudo_labels_mid_run_is_no_matter(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.start_held("bright")
    qtbot.waitUntil(lambda: "photo pseudo-labels" in panel.viewer.layers, timeout=20_000)
    panel.viewer.layers.pop()
    panel.method.hold.set()
    panel.wait_until_idle()
    assert panel.layers == ["photo", "photo masks"]


def test_closing_the_panel_mid_run_stops_it(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.start_held("bright")
    qtbot.waitUntil(lambda: "photo pseudo-labels" in panel.viewer.layers, timeout=20_000)
    panel.dock.destroyOnClose()
    panel.wait_until_idle()
    assert panel.layers == ["photo"]


def test_closing_the_window_mid_run_breaks_nothing(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.start_held("bright")
    panel.viewer.close()
    panel.wait_until_idle()


@pytest.mark.parametrize("error", [InputError("Mend this."), ModelError("Mend this.")])
def test_errors_of_the_method_are_one_sentence(make_panel, error):
    panel = make_panel(FakeMethod(error=error))
    panel.viewer.add_image(NOISE, name="photo")
    panel.run("bright")
    assert panel.message == "Mend this."
    assert panel.layers == ["photo"]


def test_missing_torch_gets_advice(make_panel):
    panel = make_panel(FakeMethod(error=ImportError("DLL load failed while importing torch")))
    panel.viewer.add_image(NOISE, name="photo")
    panel.run("bright")
    assert "napari-ovseg open" in panel.message


def test_mistakes_of_ours_are_reported_and_the_panel_lives_on(make_panel, monkeypatch):
    panel = make_panel(FakeMethod(error=RuntimeError("boom")))
    panel.viewer.add_image(NOISE, name="photo")
    reported = []
    monkeypatch.setattr(
        notification_manager, "receive_error", lambda kind, error, trace: reported.append(error)
    )
    panel.run("bright")
    assert reported == [panel.method.error]
    assert "boom" in panel.message
    panel.method.error = None
    panel.run("bright")
    assert "photo masks" in panel.viewer.layers
