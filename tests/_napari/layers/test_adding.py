"""Labels layers that come in parts, in a real viewer."""

import numpy as np
from napari.layers import Labels

from napari_ovseg._napari.layers.adding import add, prepare


def overlays(layer):
    return [layer._overlays[name].visible for name in ("polygon", "brush_stroke")]


def test_what_tools_draw_is_built_later_one_by_one(make_viewer, qtbot):
    viewer = make_viewer(on_screen=True)
    layer, below = Labels(np.zeros((20, 30), np.uint8)), Labels(np.zeros((20, 30), np.uint8))
    add(viewer, layer)
    assert viewer.layers[-1] is layer
    assert overlays(layer) == [False, False]
    seen = [overlays(layer)]
    layer._overlays["polygon"].events.visible.connect(lambda: seen.append(overlays(layer)))
    layer._overlays["brush_stroke"].events.visible.connect(lambda: seen.append(overlays(layer)))
    qtbot.waitUntil(lambda: overlays(layer) == [True, True])
    assert seen == [[False, False], [True, False], [True, True]]
    # the polygon works as in any labels layer
    canvas = viewer.window._qt_viewer.canvas
    assert len(canvas._layer_overlay_to_visual[layer]) == 2
    add(viewer, below, 0)
    assert viewer.layers[0] is below
    qtbot.waitUntil(lambda: overlays(below) == [True, True])


def test_a_layer_that_goes_before_it_was_built_may_come_back(make_viewer, qtbot):
    viewer = make_viewer(on_screen=True)
    layer, other = Labels(np.zeros((20, 30), np.uint8)), Labels(np.zeros((20, 30), np.uint8))
    add(viewer, layer)
    viewer.layers.remove(layer)
    add(viewer, other)
    qtbot.waitUntil(lambda: overlays(other) == [True, True])
    assert layer not in viewer.window._qt_viewer.canvas._layer_overlay_to_visual
    viewer.window._qt_window.repaint()
    add(viewer, layer)
    qtbot.waitUntil(lambda: overlays(layer) == [True, True])
    assert len(viewer.window._qt_viewer.canvas._layer_overlay_to_visual[layer]) == 2


def test_what_is_computed_ahead_is_computed_once():
    prepare.cache_clear()
    prepare()
    from vispy.visuals.line.dash_atlas import _make_pattern

    hits = _make_pattern.cache_info().misses
    prepare.cache_clear()
    prepare()
    assert _make_pattern.cache_info().misses == hits
