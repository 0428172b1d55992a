"""One row of sam-embed.ts by the published code: `sam_embed_torch.py NAME CHECKOUT WEIGHTS THREADS PICTURE …`, spoken to as sam-embed-row.ts is.

Draws the weights, by golden/sam/published.py, and writes them to WEIGHTS for the other side.
"""

import itertools
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "golden" / "sam"))
sys.dont_write_bytecode = True
from published import build, pixels_of, randomize, save_weights  # noqa: E402

name, checkout, weights, threads, *pictures = sys.argv[1:]
torch.set_num_threads(int(threads))
torch.set_grad_enabled(False)
model = randomize(build(name, checkout))
save_weights(name, model, weights)
images = [np.array(Image.open(picture).convert("RGB")) for picture in pictures]


def embed(image):
    return model.image_encoder(pixels_of(name, model, image))


embed(images[0])
print("ready {}", flush=True)
for _, image in zip(sys.stdin, itertools.cycle(images)):
    start = time.perf_counter()
    embed(image)
    print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)
