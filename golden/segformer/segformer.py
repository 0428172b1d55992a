"""A small SegFormer in PyTorch, float64: logits, loss, and the parameters after one AdamW step.

    /usr/bin/python3 golden/segformer/segformer.py > golden/segformer/tiny.json

Written from Xie et al. 2021 and the names, shapes and epsilons of Hugging Face's transformers; the head is as published, not
rearranged.
"""
import json
import math

import torch
import torch.nn.functional as F

DIMS, DEPTHS, HEADS, REDUCTIONS = [4, 4, 6, 8], [1, 2, 1, 1], [1, 2, 2, 4], [8, 4, 2, 1]
RATIO, DECODER, CLASSES = 2, 5, 3
PATCHES = [(7, 4), (3, 2), (3, 2), (3, 2)]
BATCH, HEIGHT, WIDTH = 2, 32, 64
RATE, DECAY = 6e-5, 0.01

generator = torch.Generator().manual_seed(0)
weights = {}


def draw(*shape, scale=1.0, shift=0.0):
    values = torch.randn(*shape, generator=generator, dtype=torch.float64) * scale + shift
    return ((values * 4096).round() / 4096).float().double()


def layer(name, *shape, norm=False):
    fan = math.prod(shape[1:]) if len(shape) > 1 else 1
    weights[f"{name}.weight"] = draw(*shape, scale=0.1, shift=1.0) if norm else draw(*shape, scale=fan**-0.5)
    weights[f"{name}.bias"] = draw(shape[0], scale=0.1)


for s, dim in enumerate(DIMS):
    layer(f"segformer.encoder.patch_embeddings.{s}.proj", dim, ([3] + DIMS)[s], PATCHES[s][0], PATCHES[s][0])
    layer(f"segformer.encoder.patch_embeddings.{s}.layer_norm", dim, norm=True)
    for i in range(DEPTHS[s]):
        block = f"segformer.encoder.block.{s}.{i}"
        layer(f"{block}.layer_norm_1", dim, norm=True)
        for part in ("query", "key", "value"):
            layer(f"{block}.attention.self.{part}", dim, dim)
        if REDUCTIONS[s] > 1:
            layer(f"{block}.attention.self.sr", dim, dim, REDUCTIONS[s], REDUCTIONS[s])
            layer(f"{block}.attention.self.layer_norm", dim, norm=True)
        layer(f"{block}.attention.output.dense", dim, dim)
        layer(f"{block}.layer_norm_2", dim, norm=True)
        layer(f"{block}.mlp.dense1", dim * RATIO, dim)
        layer(f"{block}.mlp.dwconv.dwconv", dim * RATIO, 1, 3, 3)
        layer(f"{block}.mlp.dense2", dim, dim * RATIO)
    layer(f"segformer.encoder.layer_norm.{s}", dim, norm=True)
    layer(f"decode_head.linear_c.{s}.proj", DECODER, dim)
weights["decode_head.linear_fuse.weight"] = draw(DECODER, 4 * DECODER, 1, 1, scale=(4 * DECODER) ** -0.5)
layer("decode_head.batch_norm", DECODER, norm=True)
layer("decode_head.classifier", CLASSES, DECODER, 1, 1)
running = {
    "decode_head.batch_norm.running_mean": draw(DECODER, scale=0.1),
    "decode_head.batch_norm.running_var": draw(DECODER, scale=0.1, shift=1.0).abs(),
}
image = (draw(BATCH, 3, HEIGHT, WIDTH) * 16).round() / 16
labels = torch.randint(0, CLASSES, (BATCH, HEIGHT // 8, WIDTH // 8), generator=generator)
labels = labels.repeat_interleave(8, 1).repeat_interleave(8, 2)
labels[:, :10, 5:20] = 255


def forward(w, state, training):
    def dense(name, x):
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(name, x):
        return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], 1e-5)

    def tokens(x):
        return x.flatten(2).transpose(1, 2)

    x, maps = image, []
    for s, dim in enumerate(DIMS):
        own = "segformer.encoder."
        kernel, stride = PATCHES[s]
        name = f"{own}patch_embeddings.{s}.proj"
        x = F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], stride, kernel // 2)
        height, width = x.shape[-2:]
        t = norm(f"{own}patch_embeddings.{s}.layer_norm", tokens(x))
        to_map = lambda t: t.transpose(1, 2).reshape(BATCH, -1, height, width)
        for i in range(DEPTHS[s]):
            block = f"{own}block.{s}.{i}"
            y = norm(f"{block}.layer_norm_1", t)
            seen = y
            if REDUCTIONS[s] > 1:
                name = f"{block}.attention.self.sr"
                seen = tokens(F.conv2d(to_map(y), w[f"{name}.weight"], w[f"{name}.bias"], REDUCTIONS[s]))
                seen = norm(f"{block}.attention.self.layer_norm", seen)
            split = lambda z: z.reshape(BATCH, -1, HEADS[s], dim // HEADS[s]).transpose(1, 2)
            q, k, v = (
                split(dense(f"{block}.attention.self.{part}", z))
                for part, z in (("query", y), ("key", seen), ("value", seen))
            )
            shares = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(dim // HEADS[s]), -1)
            t = t + dense(f"{block}.attention.output.dense", (shares @ v).transpose(1, 2).reshape(BATCH, -1, dim))
            z = dense(f"{block}.mlp.dense1", norm(f"{block}.layer_norm_2", t))
            name = f"{block}.mlp.dwconv.dwconv"
            z = tokens(F.conv2d(to_map(z), w[f"{name}.weight"], w[f"{name}.bias"], 1, 1, 1, dim * RATIO))
            t = t + dense(f"{block}.mlp.dense2", F.gelu(z))
        x = to_map(norm(f"{own}layer_norm.{s}", t))
        maps.append(x)
    size = maps[0].shape[-2:]
    parts = []
    for s, m in enumerate(maps):
        y = dense(f"decode_head.linear_c.{s}.proj", tokens(m)).transpose(1, 2).reshape(BATCH, -1, *m.shape[-2:])
        parts.append(F.interpolate(y, size, mode="bilinear", align_corners=False))
    y = F.conv2d(torch.cat(parts[::-1], 1), w["decode_head.linear_fuse.weight"])
    name = "decode_head.batch_norm"
    y = F.batch_norm(
        y, state[f"{name}.running_mean"], state[f"{name}.running_var"], w[f"{name}.weight"], w[f"{name}.bias"], training, 0.1, 1e-5
    )
    return F.conv2d(F.relu(y), w["decode_head.classifier.weight"], w["decode_head.classifier.bias"])


def flat(tensor):
    values = tensor.flatten().tolist()
    return {"shape": list(tensor.shape), "data": [value if isinstance(value, int) else float(f"{value:.7g}") for value in values]}


with torch.no_grad():
    predicted = forward(weights, running, False)
parameters = {name: tensor.clone().requires_grad_() for name, tensor in weights.items()}
state = {name: tensor.clone() for name, tensor in running.items()}
optimizer = torch.optim.AdamW(parameters.values(), lr=RATE, weight_decay=DECAY)
logits = forward(parameters, state, True)
class_weights = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
large = F.interpolate(logits, (HEIGHT, WIDTH), mode="bilinear", align_corners=False)
loss = F.cross_entropy(large, labels, class_weights, ignore_index=255)
loss.backward()
optimizer.step()
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "config": {
                "dims": DIMS,
                "depths": DEPTHS,
                "heads": HEADS,
                "reductions": REDUCTIONS,
                "mlpRatio": RATIO,
                "decoderDim": DECODER,
                "classes": CLASSES,
            },
            "rate": RATE,
            "weightDecay": DECAY,
            "classWeights": class_weights.tolist(),
            "weights": {name: flat(tensor) for name, tensor in {**weights, **running}.items()},
            "image": flat(image),
            "labels": flat(labels),
            "predicted": flat(predicted),
            "loss": float(loss),
            "gradients": {name: flat(tensor.grad) for name, tensor in parameters.items()},
            "after": {name: flat(tensor) for name, tensor in {**parameters, **state}.items()},
        }
    )
)
