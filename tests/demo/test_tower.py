import json

import open_clip
import torch

from napari_ovseg.demo.tower import ARCHITECTURE, Tower


def test_text_vectors_are_those_of_open_clip() -> None:
    torch.manual_seed(0)
    tower = Tower().eval()
    texts = ["a photo of a red circle", "nuclei"]
    reference = open_clip.CLIP(**json.loads(ARCHITECTURE.read_text())).eval()
    state = {k: v for k, v in tower.clip.state_dict().items() if k != "token_embedding.weight"}
    reference.load_state_dict(state, strict=False)
    reference.token_embedding.weight.data[tower.used] = tower.clip.token_embedding.weight.data
    with torch.no_grad():
        expected = reference.encode_text(tower.tokenizer(texts), normalize=True)
        torch.testing.assert_close(tower.text(texts), expected, atol=1e-5, rtol=0)


def test_image_vectors_are_those_of_open_clip() -> None:
    torch.manual_seed(0)
    tower = Tower().eval()
    pictures = torch.randn(2, 3, 128, 128)
    with torch.no_grad():
        expected = tower.clip.encode_image(pictures, normalize=True)
        cls, patches = tower.image(pictures, (0, 0))
    torch.testing.assert_close(cls, expected, atol=1e-5, rtol=0)
    assert patches.shape == (2, 256, 128)
