"""One row of prompter.ts in PyTorch: `prompter_torch.py BATCH THREADS`, spoken to as prompter-rows.ts is.

WPS-SAM's training step on cached embeddings, restated from the paper and our specification: neck, DETR encoder and decoder of six
post-norm layers, heads, cost matrix, SciPy's assignment, cross-entropy and smooth-L1, Adam.
"""
import copy
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import nn

batch, threads = (int(argument) for argument in sys.argv[1:])
torch.set_num_threads(threads)
torch.manual_seed(0)

SIZE, HEADS, HIDDEN, QUERIES, CLASSES, PARTS = 256, 8, 1024, 25, 40, 5


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
        self.neck = nn.Sequential(conv(), ChannelNorm(), nn.GELU(), conv(), ChannelNorm(), nn.GELU())
        self.positions = nn.Parameter(torch.zeros(1, SIZE, 16, 16))
        first, second = EncoderLayer(), DecoderLayer()
        self.encoder = nn.ModuleList(copy.deepcopy(first) for _ in range(6))
        self.decoder = nn.ModuleList(copy.deepcopy(second) for _ in range(6))
        for parameter in [*self.encoder.parameters(), *self.decoder.parameters()]:
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        self.norm = nn.LayerNorm(SIZE)
        self.queries = nn.Embedding(QUERIES, SIZE)
        self.classes = nn.Linear(SIZE, CLASSES + 1)
        self.tokens = nn.Sequential(nn.Linear(SIZE, 2 * SIZE), nn.GELU(), nn.Linear(2 * SIZE, 2 * SIZE))

    def forward(self, features):
        x = self.neck(features).flatten(2).permute(2, 0, 1)
        positions = self.positions.flatten(2).permute(2, 0, 1)
        for layer in self.encoder:
            x = layer(x, positions)
        placed, queries = x + positions, self.queries.weight[:, None]
        state = torch.zeros(QUERIES, features.shape[0], SIZE)
        for layer in self.decoder:
            state = layer(state, x, placed, queries)
        state = self.norm(state).transpose(0, 1)
        return self.classes(state), self.tokens(state)


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
    return total / batch


model = Prompter()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-4)
features = torch.randn(batch, SIZE, 64, 64)
targets = [(torch.randint(CLASSES, (PARTS,)), torch.randn(PARTS, 2 * SIZE)) for _ in range(batch)]


def step():
    optimizer.zero_grad(set_to_none=True)
    loss_of(*model(features)).backward()
    optimizer.step()


print("ready " + json.dumps({"parameters": sum(p.numel() for p in model.parameters())}), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    step()
    print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)
print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
