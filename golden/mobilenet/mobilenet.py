"""A small MobileNetV2 in PyTorch, float64, by the names and the padding of Hugging Face's transformers: weights, a picture and its features.

    /usr/bin/python3 golden/mobilenet/mobilenet.py > golden/mobilenet/tiny.json

Written from Sandler et al. 2018 and the published configuration (batch norm's epsilon 0.001, ReLU6, TensorFlow's padding).
"""
import json
import math

import torch
from torch.nn.functional import conv2d, pad

STEM = [4, 3]
BLOCKS = [(3, 2), (3, 1), (5, 2), (5, 1), (6, 2), (6, 1)]
EXPANSION = 2
FEATURES = 7
SIZE = (37, 54)


def make_weights(seed):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.round(torch.randn(*shape, generator=generator, dtype=torch.float64) * 1e3) / 1e3
    weights = {}

    def layer(name, outputs, inputs, kernel):
        weights[f"{name}.convolution.weight"] = draw(outputs, inputs, kernel, kernel) / math.sqrt(inputs)
        weights[f"{name}.normalization.weight"] = 1 + 0.1 * draw(outputs)
        weights[f"{name}.normalization.bias"] = 0.5 + 0.1 * draw(outputs)
        weights[f"{name}.normalization.running_mean"] = 0.1 * draw(outputs)
        weights[f"{name}.normalization.running_var"] = draw(outputs).abs() + 0.5

    layer("conv_stem.first_conv", STEM[0], 3, 3)
    layer("conv_stem.conv_3x3", STEM[0], 1, 3)
    layer("conv_stem.reduce_1x1", STEM[1], STEM[0], 1)
    inputs = STEM[1]
    for i, (channels, _) in enumerate(BLOCKS):
        layer(f"layer.{i}.expand_1x1", inputs * EXPANSION, inputs, 1)
        layer(f"layer.{i}.conv_3x3", inputs * EXPANSION, 1, 3)
        layer(f"layer.{i}.reduce_1x1", channels, inputs * EXPANSION, 1)
        inputs = channels
    layer("conv_1x1", FEATURES, inputs, 1)
    # Written as float32 reads them.
    return {name: tensor.float().double() for name, tensor in weights.items()}, draw


def features(weights, x, output_stride):
    def layer(name, x, stride=1, dilation=1, activation=True):
        kernel = weights[f"{name}.convolution.weight"]
        size = kernel.shape[-1]
        sides = []
        for length in (x.shape[3], x.shape[2]):
            total = max(size - stride, 0) if length % stride == 0 else max(size - length % stride, 0)
            sides += [total // 2 * dilation, (total - total // 2) * dilation]
        groups = x.shape[1] if kernel.shape[1] == 1 and x.shape[1] > 1 else 1
        x = conv2d(pad(x, sides), kernel, stride=stride, dilation=dilation, groups=groups)
        scale, shift, mean, variance = (
            weights[f"{name}.normalization.{part}"].reshape(1, -1, 1, 1)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        x = (x - mean) / torch.sqrt(variance + 1e-3) * scale + shift
        return x.clamp(0, 6) if activation else x

    x = layer("conv_stem.first_conv", x, stride=2)
    x = layer("conv_stem.conv_3x3", x)
    x = layer("conv_stem.reduce_1x1", x, activation=False)
    current, dilation = 2, 1
    for i, (channels, stride) in enumerate(BLOCKS):
        rate = dilation
        if current == output_stride and stride > 1:
            used, dilation = 1, dilation * stride
        else:
            used, rate = stride, dilation
            current *= stride
        y = layer(f"layer.{i}.expand_1x1", x)
        y = layer(f"layer.{i}.conv_3x3", y, stride=used, dilation=rate)
        y = layer(f"layer.{i}.reduce_1x1", y, activation=False)
        x = x + y if stride == 1 and x.shape[1] == channels else y
    return layer("conv_1x1", x)


def flat(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{value:.8g}") for value in tensor.flatten().tolist()]}


if __name__ == "__main__":
    weights, draw = make_weights(0)
    image = torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2 - 1
    image = (image * 100).round() / 100
    print(
        json.dumps(
            {
                "torch": torch.__version__,
                "config": {
                    "stem": STEM,
                    "blocks": [{"channels": channels, "stride": stride} for channels, stride in BLOCKS],
                    "expansion": EXPANSION,
                    "features": FEATURES,
                },
                "weights": {f"mobilenet_v2.{name}": flat(tensor) for name, tensor in weights.items()},
                "image": flat(image),
                "features": {stride: flat(features(weights, image, stride)) for stride in (8, 16, 32)},
            }
        )
    )
