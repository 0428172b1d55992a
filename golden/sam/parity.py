"""What the published code makes of a picture with seeded random weights: `parity.py NAME CHECKOUT PICTURE FOLDER`.

Writes weights.pth and parity.safetensors to the folder, which bench/parity-sam.ts compares with what Maskwright makes of them. docs/parity.md
has the figures and the commands.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from published import build, pixels_of, randomize, save_weights, write_safetensors

name, checkout, picture, folder = sys.argv[1:]
folder = Path(folder)
folder.mkdir(parents=True, exist_ok=True)
torch.set_grad_enabled(False)
model = randomize(build(name, checkout))
save_weights(name, model, folder / "weights.pth")

image = np.array(Image.open(picture).convert("RGB"))
height, width = image.shape[:2]
pixels = pixels_of(name, model, image)
embedding = model.image_encoder(pixels)
arrays = {"image": image, "pixels": pixels.numpy(), "embedding": embedding.numpy()}

points = {"one": [(0.6, 0.4)], "two": [(0.3, 0.5), (0.7, 0.6)]}
box = (0.2, 0.25, 0.75, 0.9)
prompts = [{"points": [(x * width, y * height) for x, y in points[key]]} for key in points]
prompts.append({"box": [(0.2 * width, 0.25 * height), (0.75 * width, 0.9 * height)]})
for k, prompt in enumerate(prompts):
    given = prompt.get("points") or prompt["box"]
    labels = [1] * len(given) if "points" in prompt else [2, 3]
    if name.startswith("efficient-sam"):
        args = torch.tensor(given)[None, None], torch.tensor(labels)[None, None]
        low, iou = model.predict_masks(embedding, *args, True, height, width)
        masks, _ = model.predict_masks(embedding, *args, True, height, width, height, width)
        low, iou, masks = low[0, 0], iou[0, 0], masks[0, 0]
    else:
        package = sys.modules["mobile_sam" if name == "mobile-sam" else "segment_anything"]
        predictor = package.SamPredictor(model)
        predictor.features, predictor.is_image_set = embedding, True
        predictor.original_size = (height, width)
        predictor.input_size = predictor.transform.get_preprocess_shape(height, width, 1024)
        flat = np.array(given)
        if "points" in prompt:
            args = {"point_coords": flat, "point_labels": np.array(labels)}
        else:
            args = {"box": flat.reshape(-1)}
        masks, iou, low = predictor.predict(**args, multimask_output=True, return_logits=True)
        masks, iou, low = map(torch.as_tensor, (masks, iou, low))
    arrays |= {f"prompt{k}.low": low.numpy(), f"prompt{k}.iou": iou.numpy(), f"prompt{k}.logits": masks.numpy()}
write_safetensors(folder / "parity.safetensors", arrays)
(folder / "parity.json").write_text(json.dumps({"name": name, "prompts": prompts}))
parameters = sum(tensor.numel() for tensor in model.parameters())
print(f"{name}: {parameters} parameters, embedding at most {embedding.abs().max():.3f}, std {embedding.std():.3f}")
