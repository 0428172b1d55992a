"""What the published code makes of a picture and texts with seeded random weights: `parity.py NAME CLIP FMA PICTURE FOLDER`.

CLIP and FMA are checkouts, see published.py. Writes weights.safetensors and parity.safetensors to the folder, which bench/parity-clip.ts
compares with what Maskwright makes of them. docs/parity.md has the figures and the commands.
"""

import math
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from published import CONFIGS, build, build_dense, randomize, write_safetensors

name, clip, fma, picture, folder = sys.argv[1:]
folder = Path(folder)
folder.mkdir(parents=True, exist_ok=True)
torch.set_grad_enabled(False)
model = randomize(build(name, clip))
write_safetensors(folder / "weights.safetensors", {key: tensor.numpy() for key, tensor in model.state_dict().items()})

patch, side = CONFIGS[name]["vision_patch_size"], CONFIGS[name]["image_resolution"]
mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)


def pixels_of(image):
    """As torchvision's ToTensor and Normalize."""
    return (torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float().div(255) - mean) / deviation


image = Image.open(picture).convert("RGB")
arrays = {"image": np.array(image)}

small = pixels_of(image.resize((side, side), Image.BICUBIC))
arrays |= {"trained.pixels": small.numpy(), "trained.classEmbedding": model.encode_image(small).numpy()[0]}

width, height = (patch * math.ceil(length / patch) for length in image.size)
large = pixels_of(image.resize((width, height), Image.BICUBIC))
dense = build_dense(name, model, fma)(large)
blocks = min(8, len(dense.att_weights))
arrays |= {
    "dense.pixels": large.numpy(),
    "dense.classEmbedding": dense.cls_emb.numpy()[0],
    "dense.meanEmbedding": dense.img_emb.numpy()[0],
    "dense.patchEmbeddings": dense.patch_emb.numpy()[0],
    "dense.activation": dense.gcam_avt.numpy().transpose(1, 0, 2),
    "dense.attention": torch.stack(dense.att_weights[-blocks:]).mean(0)[0, 1:, 1:].numpy(),
}

ids = torch.zeros(6, 77, dtype=torch.int32)
for row, length in enumerate((0, 1, 5, 18, 40, 75)):
    words = torch.randint(0, 49406, (length,), generator=torch.Generator().manual_seed(row))
    ids[row, : length + 2] = torch.tensor([49406, *words.tolist(), 49407])
arrays |= {"texts.ids": ids.numpy(), "texts.features": model.encode_text(ids).numpy()}
arrays["logits"] = model(small, ids)[0].numpy()
write_safetensors(folder / "parity.safetensors", arrays)
parameters = sum(tensor.numel() for tensor in model.parameters())
print(f"{name}: {parameters} parameters, {blocks} blocks of attention")
