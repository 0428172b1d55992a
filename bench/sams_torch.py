"""SAMS as published, on a stack of masks: `sams_torch.py FOLDER` reads input.json, writes seed.bin, prints milliseconds.

Restated from FMA-WSSS (Apache-2.0), libs/seeding/seed_anns. Not timed: reading masks and stacking them, which the published code
does from run lengths for every picture too.
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
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(width, height).T


masks = torch.from_numpy(np.stack([decode(mask["counts"]) for mask in data["masks"]]))
levels = [mask["level"] for mask in data["masks"]]
areas = masks.sum(dim=(1, 2))


def scale(x):
    x = x.clamp(min=0)
    low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
    return (x - low) / (high - low + 1e-7)


def seed():
    large = F.interpolate(cam[None], size=(height, width), mode="bilinear", align_corners=False)[0]
    large = large.clamp(min=0)
    sums = (large[:, None] * masks[None]).sum(dim=(2, 3))
    scores = scale(sums / areas)
    scores = torch.cat([(1 - scores.amax(0, keepdim=True)) ** 0.6, scores])
    index = scores.argmax(0)
    confidence = scores.gather(0, index[None])[0].tolist()
    labels = F.pad(classes, (1, 0))[index]
    order = sorted(range(len(levels)), key=lambda s: (levels[s], confidence[s]))
    canvas = torch.zeros(height, width, dtype=labels.dtype)
    for s in order:
        canvas[masks[s]] = labels[s]
    return canvas


best = float("inf")
with torch.no_grad():
    for _ in range(6):
        start = time.perf_counter()
        canvas = seed()
        best = min(best, time.perf_counter() - start)
(folder / "seed.bin").write_bytes(canvas.numpy().astype(np.uint8).tobytes())
print(1000 * best)
