"""One row of engine.ts in PyTorch: `engine_torch.py ROW THREADS`, spoken to as engine-rows.ts is. Same shapes, same losses.

A fair PyTorch needs a fast BLAS that shares its OpenMP threads; engine.ts sets the environment for that, and the figures begin with
the speed of a matrix product, so that a slow one is seen.
"""
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

name, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)


def gelu(x):
    return F.gelu(x)


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def square(x):
    return x.square().mean()


class Layer(nn.Module):
    """Pre-norm transformer layer as in CLIP and ViT."""

    def __init__(self, size, heads, activation, mask=None):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.qkv, self.out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.fc1, self.fc2 = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.heads, self.activation, self.mask = heads, activation, mask

    def forward(self, x):
        batch, tokens, size = x.shape
        parts = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, size // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4).contiguous().unbind(0)
        y = x + self.out(attend(q, k, v, self.mask))
        return y + self.fc2(self.activation(self.fc1(self.norm2(y))))


def attend(q, k, v, mask=None):
    """softmax(Q K^T / sqrt D + mask) V and the heads joined: [B, H, T, D] to [B, T, H D]."""
    batch, heads, tokens, depth = q.shape
    q, k, v = (x.reshape(batch * heads, -1, depth) for x in (q, k, v))
    bias, beta = (q.new_empty(1), 0) if mask is None else (mask, 1)
    scores = torch.baddbmm(bias, q, k.transpose(1, 2), beta=beta, alpha=depth**-0.5)
    mixed = torch.bmm(scores.softmax(-1), v)
    return mixed.view(batch, heads, tokens, depth).transpose(1, 2).reshape(batch, tokens, heads * depth)


class Heads(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(size, size) for _ in range(4))
        self.heads = heads

    def forward(self, q, k, v):
        def split(x):
            return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

        return self.out(attend(split(self.q(q)), split(self.k(k)), split(self.v(v))))


def feed_forward(size, hidden):
    return nn.Sequential(nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, size))


class Prompter(nn.Module):
    def __init__(self, size=256, heads=8, hidden=1024, queries=25, classes=20):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(size, size, 3, stride=2, padding=1) for _ in range(2))
        self.conv_norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(2))
        self.position = nn.Parameter(torch.randn(1, 256, size) * 0.02)
        self.query = nn.Parameter(torch.randn(1, queries, size) * 0.02)
        self.encoder = nn.ModuleList(
            nn.ModuleDict({"heads": Heads(size, heads), "norm1": nn.LayerNorm(size), "norm2": nn.LayerNorm(size), "ff": feed_forward(size, hidden)})
            for _ in range(6)
        )
        self.decoder = nn.ModuleList(
            nn.ModuleDict(
                {"self": Heads(size, heads), "cross": Heads(size, heads), "ff": feed_forward(size, hidden)}
                | {f"norm{i}": nn.LayerNorm(size) for i in (1, 2, 3)}
            )
            for _ in range(6)
        )
        self.norm = nn.LayerNorm(size)
        self.classes = nn.Linear(size, classes + 1)
        self.embed = nn.Sequential(nn.Linear(size, 512), nn.GELU(), nn.Linear(512, 512))

    def forward(self, x):
        for conv, norm in zip(self.convs, self.conv_norms):
            x = conv(x)
            batch, size, height, width = x.shape
            x = F.gelu(norm(x.flatten(2).transpose(1, 2)))
            memory = x
            x = x.transpose(1, 2).view(batch, size, height, width)
        for layer in self.encoder:
            placed = memory + self.position
            memory = layer["norm1"](memory + layer["heads"](placed, placed, memory))
            memory = layer["norm2"](memory + layer["ff"](memory))
        keys = memory + self.position
        t = torch.zeros(memory.shape[0], self.query.shape[1], memory.shape[2])
        for layer in self.decoder:
            placed = t + self.query
            t = layer["norm1"](t + layer["self"](placed, placed, t))
            t = layer["norm2"](t + layer["cross"](t + self.query, keys, memory))
            t = layer["norm3"](t + layer["ff"](t))
        t = self.norm(t)
        return square(self.classes(t)) + square(self.embed(t))


class Block(nn.Module):
    def __init__(self, size, heads, reduction, rate=0.0):
        super().__init__()
        self.rate = rate
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.heads = Heads(size, heads)
        self.reduce = nn.Conv2d(size, size, reduction, stride=reduction) if reduction > 1 else None
        self.reduce_norm = nn.LayerNorm(size) if reduction > 1 else None
        self.fc1, self.fc2 = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.depthwise = nn.Conv2d(4 * size, 4 * size, 3, padding=1, groups=4 * size)

    def forward(self, t, height, width):
        y = self.norm1(t)
        keys = y
        if self.reduce is not None:
            keys = self.reduce(y.transpose(1, 2).reshape(y.shape[0], -1, height, width))
            keys = self.reduce_norm(keys.flatten(2).transpose(1, 2))
        t = t + self.scale(self.heads(y, keys, keys))
        mixed = self.fc1(self.norm2(t)).transpose(1, 2)
        mixed = self.depthwise(mixed.reshape(*mixed.shape[:2], height, width)).flatten(2).transpose(1, 2)
        return t + self.scale(self.fc2(F.gelu(mixed)))

    def scale(self, branch):
        """Stochastic depth."""
        if self.rate == 0:
            return branch
        return branch * branch.new_empty(len(branch), 1, 1).bernoulli_(1 - self.rate).div_(1 - self.rate)


class SegFormer(nn.Module):
    def __init__(self, sizes=(32, 64, 160, 256), heads=(1, 2, 5, 8), reductions=(8, 4, 2, 1), width=256, classes=21, rate=0.0):
        super().__init__()
        rates = iter(torch.linspace(0, rate, 2 * len(sizes)).tolist())
        inputs = (3, *sizes)
        self.patches = nn.ModuleList(
            nn.Conv2d(inputs[i], size, 7 if i == 0 else 3, stride=4 if i == 0 else 2, padding=3 if i == 0 else 1)
            for i, size in enumerate(sizes)
        )
        self.patch_norms = nn.ModuleList(nn.LayerNorm(size) for size in sizes)
        self.blocks = nn.ModuleList(
            nn.ModuleList(Block(*each, next(rates)) for _ in range(2)) for each in zip(sizes, heads, reductions)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(size) for size in sizes)
        self.project = nn.ModuleList(nn.Linear(size, width) for size in sizes)
        self.fuse = nn.Conv2d(4 * width, width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.head = nn.Conv2d(width, classes, 1)
        self.dropout = rate > 0

    def forward(self, x):
        return square(self.logits(x))

    def logits(self, x):
        height, width = x.shape[2] // 4, x.shape[3] // 4
        maps = []
        for patch, patch_norm, blocks, norm, project in zip(self.patches, self.patch_norms, self.blocks, self.norms, self.project):
            x = patch(x)
            batch, _, h, w = x.shape
            t = patch_norm(x.flatten(2).transpose(1, 2))
            for block in blocks:
                t = block(t, h, w)
            t = norm(t)
            x = t.transpose(1, 2).reshape(batch, -1, h, w)
            projected = project(t).transpose(1, 2).reshape(batch, -1, h, w)
            maps.append(F.interpolate(projected, size=(height, width), mode="bilinear", align_corners=False))
        hidden = F.relu(self.norm(self.fuse(torch.cat(maps, 1))))
        return self.head(F.dropout2d(hidden, 0.1) if self.dropout else hidden)


def clip_layer():
    mask = torch.full((77, 77), -1e9).triu(1)
    return Layer(512, 8, quick_gelu, mask)


def forward(model, shape):
    x = torch.randn(shape)
    model.requires_grad_(False)

    def run():
        with torch.inference_mode():
            model(x)

    return model, run


def backward(model, shape):
    x = torch.randn(shape, requires_grad=True)
    model.requires_grad_(False)

    def run():
        x.grad = None
        square(model(x)).backward()

    return model, run


def training(model, shape):
    x = torch.randn(shape)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, foreach=True)

    def run():
        optimizer.zero_grad(set_to_none=True)
        model(x).backward()
        optimizer.step()

    return model, run


def segmenting(model, batch, side):
    """A whole step from bytes to update: cross-entropy of every pixel, a tenth of branches and channels left out."""
    pixels = torch.randint(0, 256, (batch, 3, side, side), dtype=torch.uint8)
    labels = torch.randint(0, 21, (batch, side, side)).masked_fill(torch.rand(batch, side, side) < 0.1, 255)
    mean, deviation = (torch.tensor(each).view(1, 3, 1, 1) for each in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    plain = [p for n, p in model.named_parameters() if "norm" in n or n.endswith("bias")]
    decayed = [p for n, p in model.named_parameters() if not ("norm" in n or n.endswith("bias"))]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=6e-5, foreach=True)

    def run():
        optimizer.zero_grad(set_to_none=True)
        logits = model.logits((pixels.float() / 255 - mean) / deviation)
        large = F.interpolate(logits, size=(side, side), mode="bilinear", align_corners=False)
        F.cross_entropy(large, labels, ignore_index=255).backward()
        optimizer.step()

    return model, run


ROWS = {
    "clip-forward": lambda: forward(clip_layer(), (20, 77, 512)),
    "clip-backward": lambda: backward(clip_layer(), (20, 77, 512)),
    "vit-197": lambda: forward(Layer(768, 12, gelu), (1, 197, 768)),
    "vit-1025": lambda: forward(Layer(768, 12, gelu), (1, 1025, 768)),
    "prompter": lambda: training(Prompter(), (2, 256, 64, 64)),
    "segformer": lambda: training(SegFormer(), (4, 3, 512, 512)),
    "segformer-train": lambda: segmenting(SegFormer(rate=0.1), 4, 512),
}


def matmul_gflops():
    a = torch.randn(1024, 1024)
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * 1024**3 / best / 1e9


gflops = matmul_gflops()
model, run = ROWS[name]()
print("ready " + json.dumps({"parameters": sum(p.numel() for p in model.parameters()), "gflops": round(gflops)}), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    run()
    print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)
