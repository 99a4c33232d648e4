import numpy as np
from napari.components import ViewerModel

from napari_ovseg._napari.removing import remove


def some(viewer, count):
    return [viewer.add_image(np.eye(8) * number, name=str(number)) for number in range(count)]


def test_layers_go_one_at_a_time_with_a_drawing_between(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
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
