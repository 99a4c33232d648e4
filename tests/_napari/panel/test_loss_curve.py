"""The curve of a training."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg._napari.panel.loss_curve import LossCurve, running_mean


@pytest.mark.parametrize("over", [1, 3, 20, 50])
def test_the_mean_is_that_of_the_last_steps(over):
    losses = np.random.default_rng(0).random(40)
    expected = [losses[max(0, end - over) : end].mean() for end in range(1, 41)]
    np.testing.assert_allclose(running_mean(losses, over), expected)


def colours(curve):
    image = curve.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(0, image.width(), 2) for y in range(image.height())}


@pytest.mark.parametrize("losses", [[0.5], [0.5, 0.5, 0.5], [0.9, 0.2, 0.4]])
def test_few_or_equal_losses_are_drawn_too(qtbot, losses):
    curve = LossCurve()
    qtbot.addWidget(curve)
    curve.resize(300, 120)
    before = colours(curve)
    curve.show_losses(losses, 3)
    assert curve.shown == len(losses)
    assert colours(curve) != before
