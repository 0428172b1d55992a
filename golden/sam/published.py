"""The published SAM, MobileSAM and EfficientSAM from checkouts of their repositories, with seeded random weights.

    facebookresearch/segment-anything @ dca509f    sam-vit-b, sam-vit-l, sam-vit-h
    ChaoningZhang/MobileSAM           @ 34bbbfd    mobile-sam
    yformer/EfficientSAM              @ d525f62    efficient-sam-ti, efficient-sam-s

torchvision and timm are needed for a handful of functions only; where they are missing, equivalents take their place.
"""

import math
import struct
import sys
import types
from json import dumps

import numpy as np
import torch
from PIL import Image
from torch import nn


def build(name, checkout):
    """The model of a name, in eval mode, its weights as it sets them itself."""
    sys.path.insert(0, checkout)
    replace_missing()
    if name.startswith("efficient-sam"):
        from efficient_sam.efficient_sam import build_efficient_sam

        dim, heads = {"efficient-sam-ti": (192, 3), "efficient-sam-s": (384, 6)}[name]
        return build_efficient_sam(dim, heads).eval()
    if name == "mobile-sam":
        from mobile_sam import sam_model_registry

        return sam_model_registry["vit_t"]().eval()
    from segment_anything import sam_model_registry

    return sam_model_registry[name[4:].replace("-", "_")]().eval()


def randomize(model, seed=1):
    """Draws every parameter and running statistic so that numbers stay near 1 through all layers."""
    generator = torch.Generator().manual_seed(seed)
    normal = lambda tensor: torch.randn(tensor.shape, generator=generator)
    norms = (nn.LayerNorm, nn.BatchNorm2d, nn.GroupNorm)
    factors = {
        f"{name}.weight"
        for name, module in model.named_modules()
        if isinstance(module, norms) or type(module).__name__ == "LayerNorm2d"
    }
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if not tensor.is_floating_point():
                continue
            if name in factors:
                tensor.copy_(1 + 0.1 * normal(tensor))
            elif name.endswith("running_var"):
                tensor.copy_(1 + 0.1 * normal(tensor).abs())
            elif name.endswith("gaussian_matrix"):
                tensor.copy_(normal(tensor))
            elif tensor.dim() > 1 and tensor.shape[0] > 1 and "rel_pos" not in name and "biases" not in name:
                fan = tensor[0].numel()
                tensor.copy_(normal(tensor) / math.sqrt(fan))
            else:
                tensor.copy_(0.2 * normal(tensor))
    # MobileSAM keeps its attention biases as they were at the last .eval(): without another one they are zeros.
    model.train()
    return model.eval()


def save_weights(name, model, path):
    """As the authors' files are: a state dict, EfficientSAM's under the key "model"."""
    state = model.state_dict()
    torch.save({"model": state} if name.startswith("efficient-sam") else state, path)


def pixels_of(name, model, image):
    """What the encoder is given of a picture [H, W, 3] uint8."""
    if name.startswith("efficient-sam"):
        batch = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255
        return model.preprocess(batch)
    transforms = sys.modules["mobile_sam.utils.transforms" if name == "mobile-sam" else "segment_anything.utils.transforms"]
    small = transforms.ResizeLongestSide(model.image_encoder.img_size).apply_image(image)
    return model.preprocess(torch.from_numpy(small).permute(2, 0, 1)[None].float())


def write_safetensors(path, arrays):
    header, offset = {}, 0
    names = {np.dtype("float32"): "F32", np.dtype("uint8"): "U8"}
    for name, array in arrays.items():
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array).tobytes())


def replace_missing():
    try:
        import torchvision  # noqa: F401
    except ImportError:
        functional = module("torchvision.transforms.functional")
        functional.to_pil_image = Image.fromarray
        functional.resize = lambda image, size: image.resize((size[1], size[0]), Image.BILINEAR)
        boxes = module("torchvision.ops.boxes")
        boxes.batched_nms = boxes.box_area = None  # of the automatic generator, which is not used here
    try:
        import timm  # noqa: F401
    except ImportError:
        layers = module("timm.models.layers")
        layers.DropPath = DropPath
        layers.to_2tuple = lambda size: (size, size)
        layers.trunc_normal_ = nn.init.trunc_normal_
        module("timm.models.registry").register_model = lambda function: function


class DropPath(nn.Module):
    """Nothing, in eval mode."""

    def __init__(self, drop_prob=None):
        super().__init__()

    def forward(self, x):
        return x


def module(name):
    """A module of a name, and the packages that it is in."""
    for end, letter in enumerate(name + "."):
        if letter == "." and name[:end] not in sys.modules:
            sys.modules[name[:end]] = types.ModuleType(name[:end])
            parent, _, own = name[:end].rpartition(".")
            if parent:
                setattr(sys.modules[parent], own, sys.modules[name[:end]])
    return sys.modules[name]
