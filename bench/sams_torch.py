"""SAMS as published, on a stack of masks: `sams_torch.py FOLDER` reads input.json, writes seed.bin, prints two times in milliseconds: of
a picture's masks as they are stored, which are run lengths, to its seed; and of the same without decoding and stacking them first.

Restated from FMA-WSSS (Apache-2.0), src/tasks/anns_seed/run.py and src/libs/seeding/seed_anns, which stacks the masks a second time once
they are sorted.
"""
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(2)
folder = Path(sys.argv[1])
data = json.loads((folder / "input.json").read_text())
height, width = data["size"]
cam = torch.tensor(data["cam"], dtype=torch.float32).view(data["grid"])
classes = torch.tensor(data["classes"])


def decode(counts):
    mask = np.empty(height * width, dtype=bool)
    at, value = 0, False
    for count in counts:
        mask[at : at + count] = value
        at += count
        value = not value
    return mask.reshape(width, height).T


def stack(masks):
    return torch.stack([torch.as_tensor(mask, dtype=torch.bool) for mask in masks])


counts = [mask["counts"] for mask in data["masks"]]
levels = [mask["level"] for mask in data["masks"]]
areas = torch.tensor([sum(runs[1::2]) for runs in counts], dtype=torch.int32)


def scale(x):
    x = x.clamp(min=0)
    low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
    return (x - low) / (high - low + 1e-7)


def seed(own, masks):
    large = F.interpolate(cam[None], size=(height, width), mode="bilinear", align_corners=False)[0]
    large = torch.maximum(large, torch.tensor(0.0))
    sums = (large[:, None] * masks[None]).sum(dim=(2, 3))
    scores = scale(sums / areas)
    scores = torch.cat([(1 - scores.amax(0, keepdim=True)) ** 0.6, scores])
    index = scores.argmax(0)
    confidence = scores.gather(0, index[None])[0].tolist()
    labels = F.pad(classes, (1, 0))[index]
    order = sorted(range(len(levels)), key=lambda s: (levels[s], confidence[s]))
    canvas = torch.zeros(1, height, width, dtype=labels.dtype)
    for mask, label in zip(stack([own[s] for s in order]), labels[order]):
        canvas[:, mask] = label
    return canvas[0]


whole = alone = float("inf")
with torch.no_grad():
    for _ in range(6):
        start = time.perf_counter()
        own = [decode(runs) for runs in counts]
        masks = stack(own)
        stacked = time.perf_counter()
        canvas = seed(own, masks)
        end = time.perf_counter()
        whole, alone = min(whole, end - start), min(alone, end - stacked)
(folder / "seed.bin").write_bytes(canvas.numpy().astype(np.uint8).tobytes())
print(1000 * whole, 1000 * alone)
