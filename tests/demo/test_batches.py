import torch

from napari_ovseg.demo.batches import PHRASES_PER_STEP, Pool, batches


def test_patches_of_a_window_are_those_of_its_box(few_pools: list[Pool]) -> None:
    batch = next(batches(few_pools, 0, 0, 1))
    assert batch.windows.shape == (8, 16)
    assert batch.owners.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    for inside in batch.windows.view(8, 4, 4):
        rows, columns = inside.any(1).nonzero().ravel(), inside.any(0).nonzero().ravel()
        box = torch.zeros(4, 4, dtype=torch.bool)
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
        assert (inside == box).all()


def test_each_step_has_its_own_crops_and_a_later_start_gives_the_same(few_pools: list[Pool]) -> None:
    first, second = batches(few_pools, 0, 0, 2)
    (again,) = batches(few_pools, 0, 1, 2)
    assert (first.pictures != second.pictures).any()
    torch.testing.assert_close(again.pictures, second.pictures)
    assert again.texts == second.texts
    assert len(again.texts) == again.said.shape[1] == PHRASES_PER_STEP
