"""What `segment` would return, for stand-ins of it: the real class, so that a renamed field is noticed."""

import numpy as np

from napari_ovseg.categories import void_id
from napari_ovseg.segmentation import Segmentation, State


def segmentation(categories, masks, **known):
    """Of foreground categories and masks; what else a test looks at is `known`."""
    count = len(categories)
    state = State(tuple(range(1, count + 1)), np.ones((count + 1, 2, 2), np.float32), None)
    rest = {
        "background": None,
        "relevance": np.zeros((count, 2, 2), np.float32),
        "pseudo_labels": masks,
        "human": np.full_like(masks, void_id(count)),
        "confidence": np.ones(masks.shape, np.float32),
        "presence": np.ones(count, np.float32),
        "record": {},
        "state": state,
    }
    return Segmentation(tuple(categories), masks=masks, **rest | known)
