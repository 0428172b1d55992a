"""Values and gradients of every engine op by PyTorch in float64, for src/engine/ops.golden.test.ts.

    python3 golden/engine/ops.py > golden/engine/ops.json

Cases have the names and inputs of src/engine/testing/cases.ts; inputs and loss weights come from the same hash.
Made with PyTorch 1.13.1. Gradients are those of the sum of all outputs times the loss weights.
"""

import json
import math

import torch
import torch.nn.functional as F

torch.manual_seed(0)
MASK = 0xFFFFFFFF


def imul(a, b):
    return (a * b) & MASK


def pseudo_random(i, seed):
    h = imul(i + 1, 0x9E3779B1) ^ imul(seed + 1, 0x85EBCA77)
    h = imul(h ^ (h >> 15), 0x2C1B3C6D)
    h = imul(h ^ (h >> 12), 0x297A2D39)
    return (h ^ (h >> 15)) / 2**32


def float32(values, shape):
    return torch.tensor(values, dtype=torch.float64).float().double().reshape(shape)


def f(*shape, low=-2.0, high=2.0):
    """Pseudo-random numbers, exact in float32; the seed is the input's place among its case's inputs."""

    def make(seed):
        count = math.prod(shape)
        return float32([low + (high - low) * pseudo_random(i, seed) for i in range(count)], shape)

    return make


def positive(*shape):
    return f(*shape, low=0.5, high=3)


def ints(values):
    return lambda _: torch.tensor(values)


def bools(values):
    return lambda _: torch.tensor(values, dtype=torch.bool)


CASES = {}


def case(name, function, **inputs):
    CASES[name] = (function, inputs)


pair = dict(a=f(2, 1, 3), b=f(4, 1))
x23 = dict(x=f(2, 3))
x34 = dict(x=f(3, 4))
x234 = dict(x=f(2, 3, 4))
picture = f(2, 4, 3, 5)

case("add", lambda a, b: a + b, **pair)
case("add: number", lambda x: 1.5 + x, **x23)
case("sub", lambda a, b: a - b, **pair)
case("sub: from a number", lambda x: 2 - x, **x23)
case("mul", lambda a, b: a * b, **pair)
case("mul: itself", lambda x: x * x, **x23)
case("div", lambda a, b: a / b, a=f(2, 1, 3), b=positive(4, 1))
case("pow", lambda a, b: a**b, a=positive(2, 3), b=f(3))
case("pow: number", lambda x: x**3, **x23)
case("maximum", lambda a, b: torch.maximum(a, b * b), **pair)
case("minimum", lambda a, b: torch.minimum(a * a, b), **pair)
case("neg", lambda x: -x, **x23)
case("reciprocal", torch.reciprocal, x=positive(2, 3))
case("exp", torch.exp, **x23)
case("log", torch.log, x=positive(2, 3))
case("sqrt", torch.sqrt, x=positive(2, 3))
case("sin", torch.sin, **x23)
case("cos", torch.cos, **x23)
case("tanh", torch.tanh, **x23)
case("sigmoid", torch.sigmoid, **x23)
case("erf", torch.erf, x=f(3, 4, low=-4, high=4))
case("abs", lambda x: x.abs() * x, **x23)
case("sign", lambda x: x.detach().sign(), **x23)
case("clip", lambda x: x.clamp(-1, 0.5) * x, **x34)
case("clip: one side", lambda x: x.clamp(min=-0.5) * x, **x34)
case("softplus", lambda x: F.softplus(x, threshold=1000), x=f(3, 4, low=-20, high=20))

case("equal", lambda a, b: a == b, a=ints([1, 2, 3]), b=ints([[1], [3]]))
case("greater", lambda a, b: a > b, **pair)
case("greaterOrEqual", lambda a, b: a >= b, **pair)
case("less", lambda a, b: a < b, **pair)
case("lessOrEqual", lambda a, b: a <= b, **pair)
truth = dict(a=bools([0, 0, 1, 1]), b=bools([0, 1, 0, 1]))
case("logicalAnd", lambda a, b: a & b, **truth)
case("logicalOr", lambda a, b: a | b, **truth)
case("logicalNot", lambda a: ~a, a=bools([0, 1]))
case("where", lambda a, b: torch.where(a > b, a * b, torch.sin(b)), a=f(2, 3), b=f(1, 3))
case("cast", lambda x: x.detach().int().double(), **x23)

case("sum", lambda x: (x * x).sum((0, -1)), **x234)
case("sum: all", lambda x: x.sum().exp(), **x23)
case("mean", lambda x: x.mean(1, keepdim=True).exp(), **x234)
case("max", lambda x: x.amax((0, 2)).exp(), **x234)
case("min", lambda x: x.amin(1).exp(), **x234)
case("sum: no axis", lambda x: x * x, **x23)
case("softmax", lambda x: x.softmax(-1), **x234)
case("softmax: axis", lambda x: x.softmax(1), **x234)
case("logSoftmax", lambda x: x.log_softmax(-1), **x234)
case("logSoftmax: axis", lambda x: x.log_softmax(0), **x234)
case("logSumExp", lambda x: x.logsumexp((0, 2)), **x234)
case("logSumExp: large", lambda x: x.logsumexp(1, keepdim=True), x=f(2, 3, low=900, high=902))

case("matmul", torch.matmul, a=f(2, 3), b=f(3, 4))
case("matmul: batched", lambda a, b: 0.5 * a @ b, a=f(2, 1, 3, 2), b=f(3, 2, 4))
case("matmul: wide left", torch.matmul, a=f(2, 3, 5), b=f(2, 5, 2))
case("matmul: wide result", lambda a, b: 2 * a @ b.mT, a=f(2, 3, 2), b=f(2, 5, 2))
case("matmul: one right", lambda a, b: a @ b.mT, a=f(2, 2, 3), b=f(4, 3))
case("matmul: one left", lambda a, b: a.mT @ b, a=f(3, 4), b=f(2, 3, 2))
case("matmul: both transposed", lambda a, b: 2 * a.mT @ b.mT, a=f(2, 3, 2), b=f(2, 4, 3))
case("linear", lambda x, weight, bias: F.linear(x, weight.t(), bias), x=f(2, 2, 3), weight=f(3, 4), bias=f(4))
case("linear: transposed", F.linear, x=f(2, 3), weight=f(4, 3), bias=f(4))
case("linear: no bias", F.linear, x=f(3), weight=f(4, 3))

case("reshape", lambda x: x.reshape(4, -1).sin(), **x234)
case("expandDims", lambda x: x.unsqueeze(1).sin(), **x23)
case("squeeze", lambda x: x.squeeze(1).sin(), x=f(2, 1, 3))
case("transpose", lambda x: x.permute(2, 0, 1).sin(), **x234)
case("transposeLast", lambda x: x.mT.sin(), **x234)
case("broadcastTo", lambda x: x.expand(2, 3, 4).sin(), x=f(3, 1))
case("slice", lambda x: x[1:3, -2:].sin(), x=f(4, 5))
case("slice: steps", lambda x: x[1::3, :6:2].sin(), x=f(5, 6))
case("pad", lambda x: F.pad(x, (2, 1, 1, 0), value=3).cos(), **x23)
case("concat", lambda a, b: torch.cat([a, b, a], 1).sin(), a=f(2, 3), b=f(2, 1))
case("split", lambda x: (x[:, :1].sin(), x[:, 3:].exp()), x=f(2, 6))
case("split: equal", lambda x: x.sin().chunk(3, -1), x=f(2, 6))
case("flip", lambda x: x.flip(0, 1).sin(), x=f(2, 3, 2))
case("gather", lambda x, at: x[:, at].sin(), x=f(2, 4, 3), at=ints([[3, 0], [3, 1]]))
case("gather: one position", lambda x, at: x[:, at].sin(), x=f(3, 4), at=ints(2))
case(
    "scatterAdd",
    lambda x, at: torch.zeros(2, 5, 2, dtype=x.dtype).index_add(1, at, x).sin(),
    x=f(2, 3, 2),
    at=ints([3, 0, 3]),
)
case("oneHot", lambda at: F.one_hot(at, 3), at=ints([[0, 2], [1, 1]]))
case("argMax", lambda x: x.detach().argmax(0), **x34)

case("relu", lambda x: x.relu() * x, **x34)
case("gelu", F.gelu, x=f(3, 4, low=-4, high=4))
case("quickGelu", lambda x: x * torch.sigmoid(1.702 * x), **x34)
case("silu", F.silu, **x34)
case("stopGradient", lambda x: x.sin().detach(), **x23)


def layer_norm(x, scale=None, bias=None, epsilon=1e-5):
    return F.layer_norm(x, x.shape[-1:], scale, bias, epsilon)


def channels_first(x, scale, bias):
    return layer_norm(x.movedim(1, -1), scale, bias, 1e-6).movedim(-1, 1)


def batch_norm_train(x, scale, bias):
    y = F.batch_norm(x, None, None, scale, bias, training=True)
    return y, x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)


def batch_norm_frozen(x, scale, bias, average, variance):
    # F.batch_norm gives no gradients of its running statistics.
    along = lambda vector: vector[None, :, None, None]
    return (x - along(average)) / (along(variance) + 1e-5).sqrt() * along(scale) + along(bias)


case("layerNorm", layer_norm, x=f(2, 3, 4), scale=f(4), bias=f(4))
case("layerNorm: plain", lambda x: layer_norm(x, epsilon=0.1), x=f(3, 5))
case("layerNorm: no bias", layer_norm, x=f(3, 5), scale=f(5))
case("layerNorm: channels first", channels_first, x=f(2, 3, 2, 2), scale=f(3), bias=f(3))
case("batchNormTrain", batch_norm_train, x=f(2, 3, 2, 2), scale=f(3), bias=f(3))
case("batchNormTrain: plain", lambda x: F.batch_norm(x, None, None, training=True), x=f(4, 3))
case(
    "batchNormFrozen",
    batch_norm_frozen,
    x=f(2, 3, 2, 2),
    scale=f(3),
    bias=f(3),
    average=f(3),
    variance=positive(3),
)
case(
    "batchNormFrozen: plain",
    lambda x, average, variance: (x - average[:, None, None]) / (variance[:, None, None] + 0.01).sqrt(),
    x=f(2, 3, 2, 2),
    average=f(3),
    variance=positive(3),
)
case("groupNorm", lambda x, scale, bias: F.group_norm(x, 2, scale, bias), x=f(2, 4, 2, 3), scale=f(4), bias=f(4))
case("l2Normalize", lambda x: F.normalize(x, dim=1), x=f(2, 3, 2))

case("conv2d", lambda x, w, b: F.conv2d(x, w, b, padding=(1, 0)), x=picture, w=f(3, 4, 3, 2), b=f(3))
case(
    "conv2d: strided",
    lambda x, w: F.conv2d(F.pad(x, (0, 1, 1, 0)), w, stride=(2, 3)),
    x=f(2, 3, 6, 7),
    w=f(2, 3, 3, 3),
)
case(
    "conv2d: dilated groups",
    lambda x, w: F.conv2d(x, w, stride=(2, 1), dilation=(1, 2), padding=1, groups=2),
    x=f(1, 4, 7, 6),
    w=f(6, 2, 3, 2),
)
case("conv2d: depthwise", lambda x, w, b: F.conv2d(x, w, b, padding=1, groups=4), x=picture, w=f(4, 1, 3, 3), b=f(4))
case("conv2d: depthwise strided", lambda x, w: F.conv2d(x, w, None, 2, 1, 1, 4), x=picture, w=f(4, 1, 3, 3))
case("conv2d: patches", lambda x, w: F.conv2d(x, w, stride=5), x=f(1, 2, 11, 10), w=f(2, 2, 5, 5))
case("conv2d: small patches", lambda x, w: F.conv2d(x, w, None, 3, (0, 1)), x=f(2, 2, 5, 6), w=f(3, 2, 2, 3))
case("conv2d: large kernel", lambda x, w: F.conv2d(x, w, None, (4, 2), 3), x=f(1, 1, 9, 8), w=f(1, 1, 7, 7))
case("conv2d: pointwise", F.conv2d, x=picture, w=f(2, 4, 1, 1))
case("conv2d: pads beyond the kernel", lambda x, w: F.conv2d(x, w, padding=2), x=f(1, 1, 3, 4), w=f(1, 1, 2, 2))
case(
    "convTranspose2d",
    lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2),
    x=f(2, 3, 2, 3),
    w=f(3, 2, 2, 2),
    b=f(2),
)
case(
    "convTranspose2d: pads",
    # PyTorch pads alike on opposite sides: the row that is not cut at the bottom comes by one more output row.
    lambda x, w: F.conv_transpose2d(x, w, None, (2, 1), 0, (1, 0), 1, (1, 2))[:, :, 1:, 1:-1],
    x=f(1, 2, 3, 4),
    w=f(2, 2, 3, 3),
)
case(
    "convTranspose2d: groups",
    lambda x, w: F.conv_transpose2d(x, w, None, 2, 1, 1, 2),
    x=f(1, 4, 3, 3),
    w=f(4, 1, 3, 3),
)
case("maxPool2d", lambda x: F.max_pool2d(x, 2).sin(), x=picture)
case("maxPool2d: overlapping", lambda x: F.max_pool2d(x, 3, 2, 1).sin(), x=picture)
case("maxPool2d: dilated", lambda x: F.max_pool2d(x, 2, 1, dilation=2).sin(), x=picture)
case("avgPool2d", lambda x: F.avg_pool2d(x, 2).sin(), x=f(2, 3, 4, 6))
case("avgPool2d: overlapping", lambda x: F.avg_pool2d(x, (3, 2), 2, 1).sin(), x=picture)


def resize(size, mode="bilinear"):
    options = dict(mode=mode) if mode == "nearest" else dict(mode=mode, align_corners=False)
    return lambda x: F.interpolate(x, size, **options).sin()


case("resize", resize((7, 6)), x=f(1, 2, 3, 4))
case("resize: smaller", resize((3, 6)), x=f(1, 1, 7, 6))
case("resize: nearest", resize((7, 3), "nearest"), x=f(1, 2, 3, 4))


def attention(q, k, v, bias=0.0, scale=None):
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    return (scale * q @ k.mT + bias).softmax(-1) @ v


case("attention", attention, q=f(2, 3, 4), k=f(2, 5, 4), v=f(2, 5, 3))
case(
    "attention: blocks",
    lambda q, k, v, bias: attention(q, k, v, bias, 0.3),
    q=f(2, 5, 4),
    k=f(2, 3, 4),
    v=f(2, 3, 2),
    bias=f(5, 3),
)
case(
    "attention: bias by block",
    lambda q, k, v, r: attention(q, k, v, torch.einsum("bqd,qkd->bqk", q, r)),
    q=f(2, 4, 2),
    k=f(2, 3, 2),
    v=f(2, 3, 2),
    r=f(4, 3, 2),
)


def loss_weights(count, k):
    return float32([2 * pseudo_random(i, 100 + k) - 1 for i in range(count)], (count,))


def numbers(tensor):
    return [float(f"{value:.10g}") for value in tensor.detach().double().flatten().tolist()]


def evaluate(function, inputs):
    tensors = {name: make(seed) for seed, (name, make) in enumerate(inputs.items())}
    for tensor in tensors.values():
        if tensor.dtype == torch.float64:
            tensor.requires_grad_()
    outputs = function(*tensors.values())
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    loss = sum((y.double().flatten() * loss_weights(y.numel(), k)).sum() for k, y in enumerate(outputs))
    gradients = {}
    if loss.requires_grad:
        names = [name for name, tensor in tensors.items() if tensor.requires_grad]
        found = torch.autograd.grad(loss, [tensors[name] for name in names])
        gradients = {name: numbers(gradient) for name, gradient in zip(names, found)}
    return {"outputs": [numbers(y) for y in outputs], "gradients": gradients}


lines = [f"{json.dumps(name)}: {json.dumps(evaluate(*each))}" for name, each in CASES.items()]
print("{\n" + ",\n".join(lines) + "\n}")
