from pathlib import Path

import numpy as np
import torch
from PIL import Image

from napari_ovseg.demo.batches import PHRASES_PER_STEP, Pool, batches, pools_of


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


def test_a_folder_of_one_kind_of_nuclei_gives_no_empty_pool(tmp_path: Path) -> None:
    for folder in ("images", "instances"):
        (tmp_path / folder).mkdir()
    rows = ["id,kind,width,height,nuclei"]
    for number in range(3):
        Image.fromarray(np.full((40, 40, 3), 9, np.uint8)).save(tmp_path / f"images/{number}.png")
        Image.fromarray(np.eye(40, dtype=np.uint16)).save(tmp_path / f"instances/{number}.png")
        rows.append(f"{number},fluorescence,40,40,1")
    (tmp_path / "index.csv").write_text("\n".join(rows))
    pools = pools_of(tmp_path, None, 2, 0)
    assert all(pool.canvases for pool in pools)
    assert [canvas.kind for canvas in pools[-1].canvases] == ["grey", "grey"]
