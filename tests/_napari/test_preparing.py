from types import SimpleNamespace

from napari_ovseg._napari.preparing import Preparing
from napari_ovseg._napari.update import SliceUpdate


def test_what_is_learnt_ahead_is_told_and_handed_over_and_can_be_stopped(qtbot):
    from qtpy.QtCore import QObject

    parent, learner, asked = QObject(), object(), []

    def single_image(picture, state, *, edges=None, should_stop=None):
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
