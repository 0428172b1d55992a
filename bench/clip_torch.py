"""One row of clip.ts by the published code: `clip_torch.py CLIP FMA ROW FOLDER THREADS`, spoken to as clip-rows.ts is.

Draws the weights, by golden/clip/published.py, and writes them, the input and the results to FOLDER for the other side.
"""

import resource
import sys
import time
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent / "golden" / "clip"))
sys.dont_write_bytecode = True
from published import build, build_dense, randomize, write_safetensors  # noqa: E402

clip, fma, name, folder, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
torch.set_grad_enabled(False)
model = randomize(build("clip-vit-b-16", clip))
write_safetensors(f"{folder}/weights.safetensors", {key: tensor.numpy() for key, tensor in model.state_dict().items()})
generator = torch.Generator().manual_seed(1)
pixels = torch.randn(1, 3, 512, 512, generator=generator)


def image():
    """OpenAI's encoder takes its own size only: its table of positions is stretched once, ahead."""
    table = model.visual.positional_embedding
    grid = table[1:].T.reshape(1, 768, 14, 14)
    grid = nn.functional.interpolate(grid, size=(32, 32), mode="bilinear", align_corners=False)
    stretched = torch.cat([table[:1], grid.reshape(768, 1024).T])

    def run():
        return {"classEmbedding": model.encode_image(pixels)[0]}

    model.visual.positional_embedding = nn.Parameter(stretched)
    return {"pixels": pixels}, run


def cam():
    dense = build_dense("clip-vit-b-16", model, fma)

    def run():
        out = dense(pixels)
        return {
            "meanEmbedding": out.img_emb[0],
            "patchEmbeddings": out.patch_emb[0],
            "activation": out.gcam_avt.transpose(0, 1),
            "attention": torch.stack(out.att_weights[-8:]).mean(0)[0, 1:, 1:],
        }

    return {"pixels": pixels}, run


def texts():
    ids = torch.zeros(45, 77, dtype=torch.int32)
    for row in ids:
        length = int(torch.randint(18, 25, (1,), generator=generator))
        row[:length] = torch.randint(0, 49406, (length,), generator=generator)
        row[0], row[length - 1] = 49406, 49407
    return {"ids": ids}, lambda: {"features": model.encode_text(ids)}


given, run = {"image": image, "cam": cam, "texts": texts}[name]()
arrays = {key: tensor.contiguous().numpy() for key, tensor in (given | run()).items()}
write_safetensors(f"{folder}/published.safetensors", arrays)
print("ready {}", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    run()
    print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)
