"""Makes golden/engine/optim.json: what PyTorch's optimizers, gradient clipping and schedules give.

Run with PyTorch 1.13 from the root of the repository: python3 golden/engine/optim.py
Parameters and gradients are float32; values after some of 20 steps are written with all their digits.
"""

import json
import math
from pathlib import Path

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, MultiStepLR, PolynomialLR, SequentialLR

generator = torch.Generator().manual_seed(3)
steps = 20
kept = [1, 2, 5, 20]
shapes = {"norm.weight": [4], "head.weight": [2, 3], "head.bias": [2]}
start = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
# Sizes from 1e-4 to 10, and some exact zeros.
gradients = [
    {
        name: torch.randn(shape, generator=generator) * 10 ** (torch.rand(shape, generator=generator) * 5 - 4)
        * (torch.rand(shape, generator=generator) > 0.1)
        for name, shape in shapes.items()
    }
    for _ in range(steps)
]


def flat(tensors):
    return [value for name in shapes for value in tensors[name].detach().double().flatten().tolist()]


def run(make):
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    optimizer = make(parameters)
    after = {}
    for step in range(1, steps + 1):
        for name, parameter in parameters.items():
            parameter.grad = gradients[step - 1][name].clone()
        optimizer.step()
        if step in kept:
            after[step] = flat(parameters)
    return after


def grouped(kind, **options):
    """Norms without weight decay, the head at a tenth of the rate."""
    return lambda p: kind(
        [
            {"params": [p["norm.weight"]], "weight_decay": 0.0},
            {"params": [p["head.weight"], p["head.bias"]], "lr": 1e-3},
        ],
        lr=1e-2,
        **options,
    )


def plain(kind, **options):
    return lambda p: kind(list(p.values()), lr=1e-2, **options)


optimizers = {
    "sgd": run(plain(torch.optim.SGD)),
    "sgd decay": run(plain(torch.optim.SGD, weight_decay=0.1)),
    "sgd momentum": run(plain(torch.optim.SGD, momentum=0.9, weight_decay=5e-4)),
    "sgd groups": run(grouped(torch.optim.SGD, momentum=0.9, weight_decay=0.05)),
    "adam": run(plain(torch.optim.Adam)),
    "adam decay": run(plain(torch.optim.Adam, weight_decay=0.1)),
    "adamw": run(plain(torch.optim.AdamW)),
    "adamw betas": run(plain(torch.optim.AdamW, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.05)),
    "adamw groups": run(grouped(torch.optim.AdamW, weight_decay=0.05)),
}

clipped = []
for limit in [0.01, 1.0, 1e3]:
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    for name, parameter in parameters.items():
        parameter.grad = gradients[0][name].clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters.values(), limit).item()
    clipped.append({"limit": limit, "norm": norm, "values": flat({n: p.grad for n, p in parameters.items()})})


def rates(make, count=40):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    schedulers = make(optimizer)
    values = []
    for _ in range(count):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return values


def mmcv_warmup(t, regular, iterations, ratio):
    """mmcv 1.x, LrUpdaterHook.get_warmup_lr, warmup "linear"."""
    return regular * (1 - (1 - t / iterations) * (1 - ratio)) if t < iterations else regular


schedules = {
    "linear": rates(lambda o: [LinearLR(o, start_factor=0.25, end_factor=1.0, total_iters=10)]),
    # Stops at its end; there our cosine stays down.
    "cosine": rates(lambda o: [CosineAnnealingLR(o, T_max=30, eta_min=0.01)], 31),
    "poly": rates(lambda o: [PolynomialLR(o, total_iters=30, power=0.9)]),
    "step decay": rates(lambda o: [MultiStepLR(o, milestones=[10, 25], gamma=0.1)]),
    "warmup poly": rates(
        lambda o: [LinearLR(o, start_factor=0.001, total_iters=10), PolynomialLR(o, total_iters=30, power=1.0)]
    ),
    "mmcv warmup poly": [mmcv_warmup(t, 0.01 + (0.5 - 0.01) * (1 - t / 40) ** 0.9, 10, 1e-6) for t in range(40)],
    "in sequence": rates(
        lambda o: [SequentialLR(o, [LinearLR(o, 0.1, 1.0, 10), CosineAnnealingLR(o, T_max=30)], milestones=[10])]
    ),
}

Path(__file__).with_name("optim.json").write_text(
    json.dumps(
        {
            "torch": torch.__version__,
            "shapes": shapes,
            "start": flat(start),
            "gradients": [flat(g) for g in gradients],
            "optimizers": optimizers,
            "clipped": clipped,
            "schedules": schedules,
        }
    )
    + "\n"
)
assert all(math.isfinite(v) for run in optimizers.values() for values in run.values() for v in values)
