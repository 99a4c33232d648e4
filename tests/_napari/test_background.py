from qtpy.QtCore import QObject

from napari_ovseg._napari.background import Background


def test_what_goes_wrong_with_one_outcome_is_told_and_the_others_arrive(qtbot):
    parent, arrived = QObject(), []
    background = Background(parent)

    def wrong(future):
        raise RuntimeError("of the first")

    with qtbot.captureExceptions() as told:
        background.start(lambda: 1, wrong)
        background.start(lambda: 2, lambda future: arrived.append(future.result()))
        background.wait(10)
    assert arrived == [2]
    assert [str(error) for _type, error, _trace in told] == ["of the first"]
