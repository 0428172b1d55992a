"""One row of sam-auto.ts by the published generator: `sam_auto_torch.py NAME CHECKOUT FOLDER THREADS`, spoken to as sam-auto-row.ts is.

Draws the weights, by golden/sam/published.py, makes masks local, and writes them to FOLDER/weights.pth for the other side. Each run takes the
next of FOLDER/*.ppm and FOLDER/options.json, and leaves its records in FOLDER/theirs.json. With "save_logits" among the options it leaves what
the decoder said in FOLDER/logits.bin too, for each point [3, 256, 256] logits and three predicted IoUs, float32.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "golden" / "sam"))
sys.dont_write_bytecode = True
from published import build, randomize, save_weights  # noqa: E402

name, checkout, folder, threads = sys.argv[1:]
folder = Path(folder)
torch.set_num_threads(int(threads))
torch.set_grad_enabled(False)
PICTURES = sorted(folder.glob("*.ppm"))
# Radii of the discs that the four masks of a point are fitted to, in units of the picture's longer side.
RADII = (0.05, 0.05, 0.09, 0.16)


def make_local(model, image, prompts=12):
    """Random weights answer every point alike. So positions outweigh what else cells and tokens hold, a cell looks at the tokens near it, by
    one projection for both sides, pixels of a cell are alike, and the last layers of the filters are fitted, by least squares, to
    discs around the point; their inputs still sway them."""
    generator = torch.Generator().manual_seed(2)
    decoder = model.mask_decoder
    list(model.image_encoder.neck)[3].weight.mul_(0.3)
    model.prompt_encoder.no_mask_embed.weight.zero_()
    # Tokens keep to themselves, so that only that of the point knows where it is.
    for token in (decoder.iou_token, decoder.mask_tokens, model.prompt_encoder.not_a_point_embed):
        token.weight.mul_(5)
    own = decoder.transformer.layers[0].self_attn
    own.q_proj.weight.copy_(own.k_proj.weight)
    own.q_proj.bias.copy_(own.k_proj.bias)
    for layer in decoder.transformer.layers:
        layer.norm3.weight.mul_(0.2)
        attention = layer.cross_attn_image_to_token
        attention.v_proj.weight.mul_(5)
        attention.q_proj.weight.copy_(attention.k_proj.weight)
        attention.q_proj.bias.zero_()
        attention.k_proj.bias.zero_()
    decoder.transformer.layers[1].cross_attn_image_to_token.out_proj.weight.mul_(0.3)
    # Each head compares eight frequencies, a sine and a cosine of each.
    first = decoder.transformer.layers[0].cross_attn_image_to_token
    frequencies = model.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix.norm(dim=0).argsort()[40:104]
    first.q_proj.weight.zero_()
    first.q_proj.weight[torch.arange(128), torch.stack([frequencies, frequencies + 128], 1).flatten()] = 2
    first.k_proj.weight.copy_(first.q_proj.weight)
    for k in (0, 3):
        kernel = decoder.output_upscaling[k].weight
        kernel.copy_(kernel.mean((2, 3), keepdim=True) * 2 + 0.02 * kernel)
    upscaled = []
    hook = decoder.output_upscaling.register_forward_hook(lambda module, inputs, output: upscaled.append(output))
    predictor = published().SamPredictor(model)
    predictor.set_image(image)
    points = torch.rand((prompts, 1, 2), generator=generator) * torch.tensor(predictor.input_size).flip(0)
    side = model.image_encoder.img_size
    centers = (torch.arange(side // 4) + 0.5) * 4
    grams, sums = torch.zeros(len(RADII), 32, 32), torch.zeros(len(RADII), 32)
    estimates = []
    for point in points:
        estimates.append(predictor.predict_torch(point[None], torch.ones((1, 1)), return_logits=True)[1])
        pixels = upscaled.pop()[0].flatten(1)  # [32, P]
        distance = torch.hypot(centers[None, :] - point[0, 0], centers[:, None] - point[0, 1]).flatten() / side
        for m, radius in enumerate(RADII):
            inside = distance < radius
            # Inside and outside count the same.
            weights = torch.where(inside, 1 / inside.sum(), 1 / (~inside).sum())
            sums[m] += pixels @ (weights * torch.where(inside, 60.0, -60.0))
            grams[m] += (pixels * weights) @ pixels.T
    hook.remove()
    # Thresholds of 0 or less mean none to the generator; and no level is to be better than the others throughout.
    decoder.iou_prediction_head.layers[2].bias[1:] += 0.8 - torch.cat(estimates).mean(0)
    for mlp, gram, total in zip(decoder.output_hypernetworks_mlps, grams, sums):
        fitted = torch.linalg.solve(gram + 1e-3 * gram.diagonal().mean() * torch.eye(32), total)
        mlp.layers[2].weight.mul_(0.02 * fitted.norm() / mlp.layers[2].weight.norm())
        mlp.layers[2].bias.copy_(fitted)


def save_decoded(decoder, file):
    def save(module, inputs, output):
        for logits, estimates in zip(*output):
            file.write(logits.numpy().tobytes() + estimates.numpy().tobytes())

    return decoder.register_forward_hook(save)


def published():
    return sys.modules["mobile_sam" if name == "mobile-sam" else "segment_anything"]


def suppress(boxes, scores, labels, iou_threshold):
    """torchvision's `batched_nms` for one label, where there is no torchvision."""
    order = scores.sort(descending=True, stable=True).indices
    boxes = boxes[order]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive, kept = torch.ones(len(boxes), dtype=torch.bool), []
    for k in range(len(boxes)):
        if not alive[k]:
            continue
        kept.append(k)
        low, high = torch.maximum(boxes[k, :2], boxes[:, :2]), torch.minimum(boxes[k, 2:], boxes[:, 2:])
        shared = (high - low).clamp(min=0).prod(1)
        alive &= ~(shared / (areas[k] + areas - shared) > iou_threshold)
    return order[kept]


def load(path):
    return np.array(Image.open(path).convert("RGB"))


model = randomize(build(name, checkout))
generators = sys.modules[published().SamAutomaticMaskGenerator.__module__]
if generators.batched_nms is None:
    generators.batched_nms = suppress
    generators.box_area = lambda boxes: (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
make_local(model, load(PICTURES[0]))
save_weights(name, model, folder / "weights.pth")
print("ready {}", flush=True)
for turn, _ in enumerate(sys.stdin):
    options = json.loads((folder / "options.json").read_text())
    image = load(PICTURES[turn % len(PICTURES)])
    saves = options.pop("save_logits", False)
    generator = published().SamAutomaticMaskGenerator(model, output_mode="uncompressed_rle", **options)
    with open(folder / "logits.bin", "wb") as file:
        hook = save_decoded(model.mask_decoder, file) if saves else None
        start = time.perf_counter()
        records = generator.generate(image)
        milliseconds = (time.perf_counter() - start) * 1000
        if saves:
            hook.remove()
    # JSON has no NaN, which an empty mask's stability is.
    numbers = [{key: None if value != value else value for key, value in record.items()} for record in records]
    (folder / "theirs.json").write_text(json.dumps(numbers))
    print(f"{milliseconds:.3f}", flush=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)
