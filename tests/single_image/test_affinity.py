import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.single_image.affinity import TEMPERATURE, WALK, Directions, deep_components, walk


def test_components_span_the_same_space_as_an_exact_decomposition():
    generator = torch.Generator().manual_seed(3)
    weights = torch.where(torch.arange(300) < 8, 3.0, 0.1)[:, None, None]
    features = weights * torch.randn(300, 12, 15, generator=generator)
    found = deep_components(features, 8).flatten(1).double().numpy()
    flat = features.flatten(1).double().numpy()
    flat -= flat.mean(1, keepdims=True)
    _, strengths, right = np.linalg.svd(flat, full_matrices=False)
    exact = strengths[:8, None] * right[:8]
    gram, wanted = found.T @ found, exact.T @ exact
    np.testing.assert_allclose(
        gram / np.trace(gram), wanted / np.trace(wanted), atol=1e-3 * wanted.max() / np.trace(wanted)
    )
    np.testing.assert_allclose(found.var(), 1, rtol=1e-3)


def test_rounding_does_not_turn_the_components():
    """The sign of a direction is arbitrary, and the network of this picture learns from signed numbers."""
    generator = torch.Generator().manual_seed(5)
    weights = 0.9 ** torch.arange(96.0)
    features = weights[:, None, None] * torch.randn(96, 12, 15, generator=generator)
    found = deep_components(features)
    for _ in range(5):
        rounded = features * (1 + 1e-7 * torch.randn(features.shape, generator=generator))
        torch.testing.assert_close(deep_components(rounded), found, atol=1e-3, rtol=0)


def test_of_a_part_they_are_as_in_the_whole():
    features = torch.randn(30, 12, 15, generator=torch.Generator().manual_seed(7))
    part = Directions.of(features).components(features[:, 2:9, 4:])
    torch.testing.assert_close(part, deep_components(features)[:, 2:9, 4:])


def test_components_of_few_channels_or_constant_features_are_finite():
    assert deep_components(torch.randn(3, 4, 5)).shape == (3, 4, 5)
    assert torch.isfinite(deep_components(torch.ones(20, 4, 5))).all()
    assert torch.isfinite(deep_components(torch.ones(20, 1, 1))).all()


def test_the_walk_reaches_alike_cells_and_keeps_to_them():
    features = torch.randn(16, 6, 6, generator=torch.Generator().manual_seed(0)) * 0.1
    features[0, :, :3] += 3
    features[0, :, 3:] -= 3
    maps = torch.zeros(1, 6, 6)
    maps[0, 2, 1] = 1
    out = walk(maps, features)[0]
    assert out[:, :3].min() > out[:, 3:].max()


def test_the_walk_is_the_sum_of_its_steps():
    """Independent oracle: the Neumann series of the closed form."""
    generator = torch.Generator().manual_seed(1)
    features, maps = torch.randn(8, 5, 4, generator=generator), torch.rand(2, 5, 4, generator=generator)
    unit = torch.nn.functional.normalize(features.flatten(1), dim=0).double()
    step = torch.softmax(unit.T @ unit / TEMPERATURE, 1)
    now = maps.flatten(1).double().T
    total = torch.zeros_like(now)
    for k in range(1500):
        total += (1 - WALK) * WALK**k * now
        now = step @ now
    start = maps.flatten(1).double().T
    expected = (total - total.mean(0)) / total.std(0, correction=0) * start.std(0, correction=0) + start.mean(
        0
    )
    torch.testing.assert_close(walk(maps, features).flatten(1).T.double(), expected, atol=1e-4, rtol=1e-4)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 3), st.integers(1, 50), st.integers(1, 50), st.integers(1, 45), st.booleans())
def test_any_grids_work(count, rows, columns, side, constant):
    maps = torch.full((count, rows, columns), 0.3) if constant else torch.rand(count, rows, columns)
    out = walk(maps, deep_components(torch.randn(5, side, max(1, side // 2))))
    assert out.shape == maps.shape
    assert torch.isfinite(out).all()
    if constant:
        torch.testing.assert_close(out, maps, atol=1e-4, rtol=0)
