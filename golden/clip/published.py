"""The published CLIP, and the image encoder that FMA-WSSS made of it, from checkouts of their repositories, with seeded random weights.

    openai/CLIP      @ d05afc4    clip-vit-b-16, clip-vit-b-32, clip-vit-l-14, clip-vit-l-14-336
    HAL-42/FMA-WSSS  @ 112437e    any size of picture, attention maps, patches

Modules are loaded by their files: the packages around them want libraries (torchvision, ftfy, regex) that nothing here uses.
"""

import importlib.util
import math
import struct
import sys
import types
from json import dumps

import numpy as np
import torch
from torch import nn

BASE = dict(vision_layers=12, vision_width=768, transformer_width=512, transformer_heads=8, embed_dim=512)
LARGE = dict(vision_layers=24, vision_width=1024, transformer_width=768, transformer_heads=12, embed_dim=768)
COMMON = dict(context_length=77, vocab_size=49408, transformer_layers=12)
CONFIGS = {
    "clip-vit-b-16": dict(BASE, **COMMON, image_resolution=224, vision_patch_size=16),
    "clip-vit-b-32": dict(BASE, **COMMON, image_resolution=224, vision_patch_size=32),
    "clip-vit-l-14": dict(LARGE, **COMMON, image_resolution=224, vision_patch_size=14),
    "clip-vit-l-14-336": dict(LARGE, **COMMON, image_resolution=336, vision_patch_size=14),
}


def build(name, checkout):
    """OpenAI's model of a name, float32, in eval mode."""
    return load("clip.model", f"{checkout}/clip/model.py").CLIP(**CONFIGS[name]).float().eval()


def build_dense(name, model, checkout):
    """FMA-WSSS's encoder of pictures of any size, on the weights of OpenAI's model."""
    sys.modules.setdefault("addict", types.ModuleType("addict")).Dict = types.SimpleNamespace
    clip = load("libs.clip.model", f"{checkout}/src/libs/clip/model.py").CLIP(**CONFIGS[name]).float().eval()
    clip.load_state_dict(model.state_dict())
    encoders = load("libs.coop.image_encoders", f"{checkout}/src/libs/coop/image_encoders.py")
    return encoders.GetLN1(clip, adaptive_pos_emb=True)


def randomize(model, seed=1):
    """Draws every parameter so that numbers stay near 1 through all layers; the factor on similarities becomes 100."""
    generator = torch.Generator().manual_seed(seed)
    norms = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.LayerNorm)}
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            noise = torch.randn(tensor.shape, generator=generator)
            if name == "logit_scale":
                tensor.fill_(math.log(100))
            elif name in norms:
                tensor.copy_(1 + 0.1 * noise)
            elif name.endswith("proj") or name.endswith("projection"):
                tensor.copy_(noise / math.sqrt(tensor.shape[0]))
            elif name.endswith("weight") and "embedding" not in name:
                tensor.copy_(noise / math.sqrt(tensor[0].numel()))
            else:
                tensor.copy_(0.2 * noise)
    return model


def write_safetensors(path, arrays):
    header, offset = {}, 0
    names = {np.dtype("float32"): "F32", np.dtype("uint8"): "U8", np.dtype("int32"): "I32", np.dtype("float16"): "F16"}
    for name, array in arrays.items():
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array).tobytes())


def load(name, path):
    """A module from its file, and empty packages around it."""
    for end, letter in enumerate(name):
        if letter == ".":
            sys.modules.setdefault(name[:end], types.ModuleType(name[:end]))
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
