import numpy as np
import pytest
import torch
from plain_kernel import connection

from napari_ovseg.single_image import superpixels
from napari_ovseg.single_image.superpixels import Superpixels


def pictures(seed=0):
    draw = np.random.default_rng(seed)
    picture = draw.random((18, 22, 3), np.float32) * 0.2
    picture[4:12, 5:15] += 0.6
    deep = draw.normal(size=(18, 22, 4)).astype(np.float32) + 1
    return picture, deep / np.linalg.norm(deep, axis=-1, keepdims=True)


@pytest.mark.parametrize("count", [30, 1000], ids=["superpixels", "each cell for itself"])
@pytest.mark.parametrize("with_deep", [False, True])
def test_the_kernel_is_that_of_plain_loops(monkeypatch, count, with_deep):
    monkeypatch.setattr(superpixels, "COUNT", count)
    picture, deep = pictures()
    found = Superpixels(picture)
    labels = found.labels.numpy().reshape(picture.shape[:2])
    assert len(np.unique(labels)) == found.count
    own = torch.from_numpy(deep).permute(2, 0, 1) if with_deep else None
    kernel = found.connection(torch.from_numpy(picture).permute(2, 0, 1), own).numpy()
    np.testing.assert_allclose(kernel, connection(labels, picture, deep if with_deep else None), atol=1e-5)
