"""The kernel between superpixels once more, slow and plain: borders counted one by one, walks added up."""

import numpy as np

from napari_ovseg.single_image import superpixels


def connection(labels, colours, deep=None):
    """``(count, count)`` float64, of ``labels (h, w)``, ``colours (h, w, 3)`` and ``deep (h, w, D)``.

    `superpixels` inverts a matrix; here ever longer walks that end by and by are added up, two to the power
    of 16 steps.
    """
    count, (height, width) = labels.max() + 1, labels.shape
    borders = np.zeros((count, count))
    for y in range(height):
        for x in range(width):
            for below, right in ((y + 1, x), (y, x + 1)):
                if below < height and right < width and labels[below, right] != labels[y, x]:
                    borders[labels[y, x], labels[below, right]] += 1
                    borders[labels[below, right], labels[y, x]] += 1
    borders /= borders[borders > 0].mean()
    weights = np.zeros((count, count))
    for one, other in zip(*np.nonzero(borders), strict=True):
        apart = distance(labels, one, other, colours) / superpixels.COLOUR_LENGTH**2
        if deep is not None:
            apart += distance(labels, one, other, deep, unit=True) / superpixels.DEEP_LENGTH**2
        weights[one, other] = borders[one, other] * np.exp(-apart / 2) + superpixels.LEAST
    leaves = weights.sum(1) + superpixels.LEAVING
    step, walks = weights / leaves[:, None], np.eye(count)
    for _doubling in range(16):
        walks, step = walks + step @ walks, step @ step
    kernel = walks / leaves[None]
    own = np.sqrt(np.diag(kernel))
    return kernel / own[:, None] / own[None]


def distance(labels, one, other, maps, *, unit=False):
    """Squared, between the means of two superpixels."""
    means = [maps[labels == part].astype(np.float64).mean(0) for part in (one, other)]
    if unit:
        means = [mean / np.linalg.norm(mean) for mean in means]
    return ((means[0] - means[1]) ** 2).sum()
