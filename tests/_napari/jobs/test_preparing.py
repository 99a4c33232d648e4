import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from napari_ovseg._napari.jobs.preparing import Preparing
from napari_ovseg._napari.jobs.update import SliceUpdate
from napari_ovseg._napari.panel.slices_row import ALL

from ..fakes import FakeLearner, FakeMethod
from ..used_panel import CORNERS


def test_what_is_learnt_ahead_is_told_and_handed_over_and_can_be_stopped(qtbot):
    from qtpy.QtCore import QObject

    parent, learner, asked = QObject(), object(), []

    def single_image(picture, state, *, edges=None, guide=None, should_stop=None):
        asked.append(should_stop)
        return learner

    source = SimpleNamespace(picture=lambda: None)
    piece = SimpleNamespace(state=None, record={})
    preparing = Preparing(parent, SimpleNamespace(single_image=single_image))
    told = []
    preparing.told.connect(told.append)
    with qtbot.waitSignal(preparing.done) as done:
        preparing.start(SliceUpdate(source, piece, ()))
        assert preparing.of(source) is not None
    assert done.args == [source, learner]
    assert told == ["getting ready for updates...", ""]
    assert preparing.of(source) is None
    preparing.start(SliceUpdate(source, piece, ()))
    preparing.stop()
    qtbot.waitUntil(lambda: len(asked) == 2)
    assert asked[1]()
    assert told[-1] == ""


class SlowToLearn(FakeMethod):
    """Learns the first slice until it is let go on."""

    def __init__(self):
        super().__init__()
        self.let, self.learning, self.asked_to_stop = threading.Event(), threading.Event(), []

    @property
    def engine(self):
        def single_image(*args, should_stop=None, **how):
            self.asked_to_stop.append(should_stop)
            self.learning.set()
            if len(self.asked_to_stop) == 1:
                self.let.wait(20)
            return FakeLearner(self, *args, **how)

        return replace(super().engine, single_image=single_image)


@pytest.fixture
def slow():
    slow = SlowToLearn()
    yield slow
    slow.let.set()


def test_an_update_right_after_resuming_waits_for_what_is_learnt_and_learns_nothing_twice(
    make_panel, qtbot, tmp_path, slow
):
    Image.fromarray(CORNERS).save(tmp_path / "photo.png")
    panel = make_panel()
    panel.viewer.open(tmp_path / "photo.png", plugin="napari")
    panel.run()
    panel.paint((5, 5), 2)
    panel.viewer.close()
    panel = make_panel(slow)
    panel.viewer.open(tmp_path / "photo.png", plugin="napari")
    qtbot.waitUntil(lambda: not panel.form.resume.isHidden())
    panel.click(panel.form.resume.resume)
    qtbot.waitUntil(slow.learning.is_set)
    panel.click(panel.form.correct.update_masks)
    qtbot.waitUntil(lambda: "earning this picture" in panel.form.stage.text())
    slow.let.set()
    panel.wait_until_idle()
    assert "Updated" in panel.message
    assert (len(slow.asked_to_stop), len(slow.updates)) == (1, 1)


def test_an_update_of_another_slice_does_not_share_the_time_with_what_is_learnt_ahead(
    make_panel, qtbot, slow
):
    panel = make_panel(slow)
    panel.viewer.add_image(np.stack([CORNERS[..., 0]] * 2), name="photo", contrast_limits=(0, 255))
    panel.form.slices.scope.setCurrentText(ALL)
    panel.run()
    assert not slow.learning.is_set()
    panel.widget.annotator.updates.prepare((0,))
    qtbot.waitUntil(slow.learning.is_set)
    panel.viewer.dims.set_current_step(0, 1)
    panel.paint((1, 5, 5), 2)
    assert not slow.asked_to_stop[0]()
    panel.click(panel.form.correct.update_masks)
    assert slow.asked_to_stop[0]()
    panel.wait_until_idle()
    assert "Updated slice 1" in panel.message
