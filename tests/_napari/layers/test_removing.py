import numpy as np
from napari.components import ViewerModel
from napari.layers import Image

from napari_ovseg._napari.layers.removing import keep, remove
from napari_ovseg._napari.layers.result_layers import put_in_place


def some(viewer, count):
    return [viewer.add_image(np.eye(8) * number, name=str(number)) for number in range(count)]


def test_layers_go_one_at_a_time_with_a_drawing_between(make_viewer, qtbot):
    viewer = make_viewer(on_screen=True)
    layers, gone = some(viewer, 4), []
    canvas = viewer.window._qt_viewer.canvas._scene_canvas
    canvas.native.repaint()
    drawn = []
    canvas.events.draw.connect(lambda event: drawn.append(len(viewer.layers)))
    for layer in layers[:3]:
        remove(viewer, layer, lambda layer=layer: gone.append(layer.name))
    assert len(viewer.layers) == 3
    assert [layer.visible for layer in viewer.layers] == [False, False, True]
    qtbot.waitUntil(lambda: list(viewer.layers) == layers[3:])
    assert gone == ["0", "1", "2"]
    canvas.native.repaint()
    # no number is left out: each that has gone was followed by a drawing
    assert {3, 2, 1} <= set(drawn)


def test_without_a_window_they_go_at_once():
    viewer = ViewerModel()
    for layer in some(viewer, 3):
        remove(viewer, layer)
    assert not viewer.layers


def test_a_layer_that_waits_to_go_can_stay_and_does_not_go_later(make_viewer, qtbot):
    viewer = make_viewer(on_screen=True)
    layers = some(viewer, 4)
    viewer.window._qt_viewer.canvas._scene_canvas.native.repaint()
    gone = []
    for layer in layers[:3]:
        remove(viewer, layer, lambda layer=layer: gone.append(layer.name))
    assert keep(viewer, layers[1])
    assert not keep(viewer, layers[3])
    qtbot.waitUntil(lambda: layers[2] not in viewer.layers)
    qtbot.wait(0)
    assert list(viewer.layers) == [layers[1], layers[3]]
    assert gone == ["0", "2"]


def test_a_layer_that_waits_to_go_comes_back_into_its_place(make_viewer, qtbot):
    viewer = make_viewer(on_screen=True)
    other, old, last = some(viewer, 3)
    new = Image(np.eye(8), name="new")
    viewer.window._qt_viewer.canvas._scene_canvas.native.repaint()
    remove(viewer, other)
    put_in_place(viewer, old, new)
    assert old in viewer.layers
    old.visible = True
    put_in_place(viewer, new, old)
    qtbot.waitUntil(lambda: new not in viewer.layers)
    assert list(viewer.layers) == [old, last]
    assert old.visible
