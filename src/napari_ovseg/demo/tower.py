"""The small CLIP that is trained, in open_clip's own architecture, and the file of its weights."""

from __future__ import annotations

import json
from pathlib import Path

import open_clip
import torch
import torch.nn.functional as F
from open_clip.pos_embed import get_2d_sincos_pos_embed
from safetensors.torch import load_file
from safetensors.torch import save as as_bytes
from torch import Tensor, nn

from napari_ovseg.atomic import write_atomically
from napari_ovseg.demo.phrases import all_wordings

ARCHITECTURE = Path(__file__).parent / "ovseg-demo.json"


class Tower(nn.Module):
    """The CLIP being trained, with its token table cut down to the words in use."""

    def __init__(self) -> None:
        super().__init__()
        config = json.loads(ARCHITECTURE.read_text())
        self.clip = open_clip.CLIP(**config)
        self.tokenizer = open_clip.SimpleTokenizer(context_length=config["text_cfg"]["context_length"])
        self.used = torch.unique(self.tokenizer(all_wordings()))
        table = self.clip.token_embedding.weight.data
        self.clip.token_embedding = nn.Embedding.from_pretrained(table[self.used].clone(), freeze=False)
        # waves as a start make "the patch to the left" the same direction everywhere
        visual = self.clip.visual
        waves = get_2d_sincos_pos_embed(visual.positional_embedding.shape[1], visual.grid_size[0])
        visual.positional_embedding.data[1:] = torch.from_numpy(waves).float()

    def text(self, texts: list[str]) -> Tensor:
        """Unit vectors ``(N, D)`` of N texts; padding is left out: the mask is causal."""
        tokens = torch.searchsorted(self.used, self.tokenizer(texts))
        ends = tokens.argmax(dim=1)  # the end-of-text token has the highest number
        length = int(ends.max()) + 1
        x = self.clip.token_embedding(tokens[:, :length]) + self.clip.positional_embedding[:length]
        x = self.clip.transformer(x, attn_mask=self.clip.attn_mask[:length, :length])
        x = self.clip.ln_final(x)[torch.arange(len(texts)), ends] @ self.clip.text_projection
        return F.normalize(x, dim=-1)

    def image(self, pictures: Tensor, corner: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Unit vectors of the class token ``(B, D)`` and of the patches ``(B, n, D)``.

        ``pictures`` are ``(B, 3, h, w)``, normalised. ``corner`` is the place (row and column of patches) in
        the grid of position embeddings that a crop smaller than the model's own input is put at, so that
        neighbours are always neighbours.
        """
        visual = self.clip.visual
        x = visual.conv1(pictures)
        (gh, gw), side = x.shape[-2:], visual.grid_size[0]
        x = x.flatten(2).transpose(1, 2)
        positions = visual.positional_embedding[1:].view(side, side, -1)
        positions = positions[corner[0] : corner[0] + gh, corner[1] : corner[1] + gw].reshape(gh * gw, -1)
        cls = (visual.class_embedding + visual.positional_embedding[0]).expand(len(x), 1, -1)
        x = visual.ln_pre(torch.cat([cls, x + positions], dim=1))
        *first, last = visual.transformer.resblocks
        for block in first:
            x = block(x)
        width = x.shape[-1]
        values = F.linear(
            last.ln_1(x), last.attn.in_proj_weight[2 * width :], last.attn.in_proj_bias[2 * width :]
        )
        patches = last.attn.out_proj(values[:, 1:])
        pooled = visual.ln_post(last(x)[:, 0]) @ visual.proj
        return F.normalize(pooled, dim=-1), F.normalize(visual.ln_post(patches) @ visual.proj, dim=-1)

    def logits(self, images: Tensor, texts: Tensor) -> Tensor:
        """Sigmoid-loss logits ``(..., P)`` of unit vectors ``(..., D)`` against ``(P, D)``."""
        return self.clip.logit_scale.exp() * images @ texts.T + self.clip.logit_bias


def save(tower: Tower, path: Path) -> None:
    """Write the weights as float16 safetensors, and the known words; all others get the vector 0."""
    state = {
        key: value.half().contiguous()
        for key, value in tower.clip.state_dict().items()
        if "attn_mask" not in key
    }
    vocab_size = json.loads(ARCHITECTURE.read_text())["text_cfg"]["vocab_size"]
    table = torch.zeros(vocab_size, state["token_embedding.weight"].shape[1], dtype=torch.float16)
    table[tower.used] = state["token_embedding.weight"]
    state["token_embedding.weight"] = table
    content = as_bytes(state)
    write_atomically(path, lambda file: file.write(content))
    words = sorted({word for text in all_wordings() for word in text.split()})
    path.with_name("vocabulary.txt").write_text("\n".join(words) + "\n")


def load(tower: Tower, path: Path) -> None:
    """Take weights that `save` wrote, those of another training, as a start."""
    state = load_file(path)
    state["token_embedding.weight"] = state["token_embedding.weight"][tower.used]
    tower.clip.load_state_dict({key: value.float() for key, value in state.items()})
