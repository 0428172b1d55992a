"""WPS-SAM's training step on cached embeddings in PyTorch, written from the paper and our specification.

    /usr/bin/python3 golden/wps/prompter.py FILE THREADS

Neck, DETR encoder and decoder of six post-norm layers, heads, cost matrix, SciPy's assignment, cross-entropy and smooth-L1, Adam.
bench/prompter-rows.ts writes FILE, a safetensors of weights by their official names and one batch, and is spoken to in the same way:
this makes two steps and says "ready" with their losses and some parameters after them, then answers each line on standard input with
the milliseconds of one more step, and at its end says its peak memory in MB.
"""
import json
import math
import resource
import sys
import time

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import nn

torch.set_num_threads(int(sys.argv[2]))

SIZE, HEADS, HIDDEN, QUERIES, CLASSES = 256, 8, 1024, 25, 40
CHECKED_STEPS, VALUES = 2, 8


def read_tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    dtypes = {"F32": torch.float32, "I32": torch.int32}
    return {
        name: torch.frombuffer(
            data, dtype=dtypes[entry["dtype"]], offset=entry["data_offsets"][0], count=math.prod(entry["shape"])
        ).reshape(entry["shape"]).clone()
        for name, entry in header.items()
    }


class ChannelNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(SIZE)), nn.Parameter(torch.zeros(SIZE))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).square().mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class EncoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(SIZE, HEADS)
        self.linear1, self.linear2 = nn.Linear(SIZE, HIDDEN), nn.Linear(HIDDEN, SIZE)
        self.norm1, self.norm2 = nn.LayerNorm(SIZE), nn.LayerNorm(SIZE)

    def forward(self, x, positions):
        placed = x + positions
        x = self.norm1(x + self.self_attn(placed, placed, x, need_weights=False)[0])
        return self.norm2(x + self.linear2(F.relu(self.linear1(x))))


class DecoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn, self.multihead_attn = nn.MultiheadAttention(SIZE, HEADS), nn.MultiheadAttention(SIZE, HEADS)
        self.linear1, self.linear2 = nn.Linear(SIZE, HIDDEN), nn.Linear(HIDDEN, SIZE)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(SIZE) for _ in range(3))

    def forward(self, x, memory, placed, queries):
        asking = x + queries
        x = self.norm1(x + self.self_attn(asking, asking, x, need_weights=False)[0])
        x = self.norm2(x + self.multihead_attn(x + queries, placed, memory, need_weights=False)[0])
        return self.norm3(x + self.linear2(F.relu(self.linear1(x))))


class Prompter(nn.Module):
    def __init__(self):
        super().__init__()
        conv = lambda: nn.Conv2d(SIZE, SIZE, 3, stride=2, padding=1)
        self.conv_layers = nn.Sequential(conv(), ChannelNorm(), nn.GELU(), conv(), ChannelNorm(), nn.GELU())
        self.pos_embed = nn.Parameter(torch.zeros(1, SIZE, 16, 16))
        encoder, decoder = (nn.ModuleList(kind() for _ in range(6)) for kind in (EncoderLayer, DecoderLayer))
        self.prompter = nn.ModuleDict({
            "encoder": nn.ModuleDict({"layers": encoder}),
            "decoder": nn.ModuleDict({"layers": decoder, "norm": nn.LayerNorm(SIZE)}),
        })
        self.query_embed = nn.Embedding(QUERIES, SIZE)
        self.class_embed = nn.Linear(SIZE, CLASSES + 1)
        self.coords_embed = nn.Sequential(nn.Linear(SIZE, 2 * SIZE), nn.GELU(), nn.Linear(2 * SIZE, 2 * SIZE))

    def forward(self, features):
        x = self.conv_layers(features)
        if x.requires_grad:
            # oneDNN's GELU in PyTorch 1.13 goes astray on gradients whose layout is that of a permutation.
            x.register_hook(lambda gradient: gradient.contiguous())
        x = x.flatten(2).permute(2, 0, 1)
        positions = self.pos_embed.flatten(2).permute(2, 0, 1)
        for layer in self.prompter.encoder.layers:
            x = layer(x, positions)
        placed, queries = x + positions, self.query_embed.weight[:, None]
        state = torch.zeros(QUERIES, features.shape[0], SIZE)
        for layer in self.prompter.decoder.layers:
            state = layer(state, x, placed, queries)
        state = self.prompter.decoder.norm(state).transpose(0, 1)
        return self.class_embed(state), self.coords_embed(state)


def loss_of(logits, tokens):
    """Matches each picture's queries with its parts; 5 times the class loss and 20 times the token loss."""
    total = 0
    for b, (labels, teacher) in enumerate(targets):
        with torch.no_grad():
            cost = -10 * logits[b].softmax(-1)[:, labels] + torch.cdist(tokens[b], teacher)
            rows, columns = linear_sum_assignment(cost.numpy())
        wanted = torch.full((QUERIES,), CLASSES)
        wanted[rows] = labels[columns]
        total = total + 5 * F.cross_entropy(logits[b], wanted)
        total = total + 20 * F.smooth_l1_loss(tokens[b][rows], teacher[columns])
    return total / len(targets)


given = read_tensors(sys.argv[1])
features, classes, teacher = (given.pop(f"feed.{name}") for name in ("features", "classes", "teacher"))
targets = list(zip(classes.long() - 1, teacher.flatten(2)))
model = Prompter()
model.load_state_dict(given)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-4)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(*model(features))
    loss.backward()
    optimizer.step()
    return loss.item()


figures = {f"loss {k + 1}": step() for k in range(CHECKED_STEPS)}
for name, parameter in model.named_parameters():
    values = parameter.detach().flatten()
    for k in range(VALUES):
        index = (2 * k + 1) * len(values) // (2 * VALUES)
        figures[f"{name}[{index}]"] = values[index].item()
print("ready " + json.dumps(figures), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    step()
    print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)
print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
