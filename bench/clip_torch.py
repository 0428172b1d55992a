"""One row of clip.ts by the published code: `clip_torch.py CLIP FMA ROW FOLDER THREADS`, spoken to as clip-rows.ts is.

Draws the weights, by golden/clip/published.py, and writes them, the input and the results to FOLDER for the other side.
"""

import resource
import sys
import time
import types
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent.parent / "golden" / "clip"))
sys.dont_write_bytecode = True
from published import build, build_dense, load, randomize, write_safetensors  # noqa: E402

clip, fma, name, folder, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
torch.set_grad_enabled(False)
model = randomize(build("clip-vit-b-16", clip))
write_safetensors(f"{folder}/weights.safetensors", {key: tensor.numpy() for key, tensor in model.state_dict().items()})
generator = torch.Generator().manual_seed(1)
pixels = torch.randn(1, 3, 512, 512, generator=generator)


def image():
    """OpenAI's encoder takes its own size only: its table of positions is stretched once, ahead."""
    table = model.visual.positional_embedding
    grid = table[1:].T.reshape(1, 768, 14, 14)
    grid = nn.functional.interpolate(grid, size=(32, 32), mode="bilinear", align_corners=False)
    stretched = torch.cat([table[:1], grid.reshape(768, 1024).T])

    def run():
        return {"classEmbedding": model.encode_image(pixels)[0]}

    model.visual.positional_embedding = nn.Parameter(stretched)
    return {"pixels": pixels}, run


def cam():
    dense = build_dense("clip-vit-b-16", model, fma)

    def run():
        out = dense(pixels)
        return {
            "meanEmbedding": out.img_emb[0],
            "patchEmbeddings": out.patch_emb[0],
            "activation": out.gcam_avt.transpose(0, 1),
            "attention": torch.stack(out.att_weights[-8:]).mean(0)[0, 1:, 1:],
        }

    return {"pixels": pixels}, run


def texts():
    ids = torch.zeros(45, 77, dtype=torch.int32)
    for row in ids:
        length = int(torch.randint(18, 25, (1,), generator=generator))
        row[:length] = torch.randint(0, 49406, (length,), generator=generator)
        row[0], row[length - 1] = 49406, 49407
    return {"ids": ids}, lambda: {"features": model.encode_text(ids)}


BATCH, CLASSES, CONTEXT = 16, 20, 16
# Tokens of the names of VOC's classes; each of the 25 backgrounds has one.
NAMES = [2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 3, 1, 1, 1, 7, 3, 1, 1, 1, 3] + [1] * 25
START, END, POINT = 49406, 49407, 269


class Contexts(nn.Module):
    """What stands for the published prompt learner, whose tokenizer needs libraries: start, context and name, ".", end, in its order."""

    def __init__(self, names, clip_model, csc, cls_token_pos):
        super().__init__()
        length = torch.tensor([len(name) for name in names])
        ids = torch.zeros(len(names), 77, dtype=torch.long)
        for row, name in zip(ids, names):
            words = [*name, POINT, END]
            row[0] = START
            row[1 + CONTEXT : 1 + CONTEXT + len(words)] = torch.tensor(words)
        vectors = clip_model.token_embedding(ids)
        # As the published file of contexts: a position of its own for each vector, in the order they stand in.
        dim = clip_model.ln_final.weight.shape[0]
        shape = (len(names), CONTEXT, dim) if csc else (CONTEXT, dim)
        self.ctx = nn.Parameter(0.0125 * torch.randn(shape, generator=generator))
        self.tokenized_prompts = ids
        self.vectors, self.length, self.is_front = vectors, length, cls_token_pos == "front"

    def forward(self):
        vectors, count = self.vectors, len(self.vectors)
        ctx = self.ctx.expand(count, -1, -1)
        if not self.is_front:
            return torch.cat([vectors[:, :1], ctx, vectors[:, 1 + CONTEXT :]], dim=1)
        rows = []
        for row, own, length in zip(vectors, ctx, self.length):
            suffix = row[1 + CONTEXT :]
            rows.append(torch.cat([row[:1], suffix[:length], own, suffix[length:]]))
        return torch.stack(rows)


class MaskedSoftmax(nn.Module):
    """The library's, by its definition in the paper's code: the largest of all logits, 1e-5 in the denominator."""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, logits, mask):
        shares = torch.exp(logits - logits.max(self.dim, keepdim=True).values) * mask
        return shares / (shares.sum(self.dim, keepdim=True) + 1e-5)


def published_model(is_each):
    """The published model of CAMs, around contexts of our own."""
    folder = f"{fma}/src/libs/coop"
    build_dense("clip-vit-b-16", model, fma)
    alchemy = types.ModuleType("alchemy_cat.alg")
    alchemy.MaskedSoftmax = MaskedSoftmax
    sys.modules["alchemy_cat"] = types.ModuleType("alchemy_cat")
    sys.modules["alchemy_cat.alg"] = alchemy
    coop = sys.modules["libs.coop"]
    coop.__path__ = [folder]
    learners = sys.modules["libs.coop.prompt_learners"] = types.ModuleType("libs.coop.prompt_learners")
    learners.CoOpLearner = lambda names, clip_model, **settings: Contexts(names, clip_model, **settings)
    coop.prompt_learners = learners
    coop.text_encoders = load("libs.coop.text_encoders", f"{folder}/text_encoders.py")
    coop.image_encoders = sys.modules["libs.coop.image_encoders"]
    cams = load("libs.coop.custom_clips.cam_clips", f"{folder}/custom_clips/cam_clips.py")
    dense = sys.modules["libs.clip.model"].CLIP
    from published import CONFIGS

    own = dense(**CONFIGS["clip-vit-b-16"]).float().eval()
    own.load_state_dict(model.state_dict())
    names = [torch.randint(1000, 40000, (length,), generator=generator).tolist() for length in NAMES]
    if is_each:
        names[CLASSES:] = [[] for _ in names[CLASSES:]]
    settings = dict(csc=is_each, cls_token_pos="front" if is_each else "end")
    network = cams.GradCAMCLIP(own, names, settings, adaptive_pos_emb=True)
    ids = torch.zeros(len(names), 8, dtype=torch.int32)
    for row, name in zip(ids, names):
        row[: len(name)] = torch.tensor(name, dtype=torch.int32)
    return network, ids


def stepper(network, forward):
    """One step of the published optimizer after another; the first one's update of the contexts is what is compared."""
    contexts = network.prompt_learner.ctx
    start = contexts.detach().clone()
    optimizer = torch.optim.SGD([contexts], lr=RATE, momentum=0.9, weight_decay=5e-4)
    update = {}

    def run():
        with torch.enable_grad():
            optimizer.zero_grad()
            loss = forward()
            loss.backward()
        optimizer.step()
        update.setdefault("update", contexts.detach() - start)
        return {"loss": loss.detach().reshape(1), **update}

    return start, run


# Large, so that the first update is more than rounding.
RATE = 1.0


def classification(is_kept=False):
    network, ids = published_model(is_each=False)
    pixels = torch.randn(BATCH, 3, 224, 224, generator=generator)
    present = torch.zeros(BATCH, CLASSES)
    for k, row in enumerate(present):
        row[[k % CLASSES, (3 * k + 1) % CLASSES][: 1 + k % 2]] = 1

    def encode():
        with torch.no_grad():
            return F.normalize(network.image_encoder(pixels).img_emb, dim=-1)

    kept = encode()

    def forward():
        pictures = kept if is_kept else encode()
        texts = F.normalize(network.text_encoder(network.prompt_learner(), network.prompt_learner.tokenized_prompts), dim=-1)
        scores = (network.logit_scale.exp() * pictures @ texts.T)[:, :CLASSES]
        absent = torch.where(present > 0, -torch.inf, scores).logsumexp(1, keepdim=True)
        return F.softplus(absent - scores)[present > 0].mean()

    start, run = stepper(network, forward)
    return {"ids": ids, "context": start, "pictures": kept, "present": present}, run


def segmentation():
    network, ids = published_model(is_each=True)
    pixels = torch.randn(BATCH, 3, 224, 224, generator=generator)
    labels = torch.zeros(BATCH, 224, 224, dtype=torch.int32)
    for k, row in enumerate(labels):
        row[20:150, 30 : 100 + 5 * k] = 1 + k % CLASSES
        if k % 2:
            row[120:200, 100:] = 1 + (3 * k + 1) % CLASSES
        row[200:, :40] = 255
    present = torch.stack([(labels == c + 1).flatten(1).any(1) for c in range(CLASSES)], 1)
    picture, target = torch.nonzero(present, as_tuple=True)
    own = labels[picture] == (target + 1)[:, None, None]
    other = ~own & (labels[picture] != 255)

    def forward():
        maps = network(pixels, present.int()).pos_cam
        maps = F.interpolate(maps[:, None], size=(224, 224), mode="bilinear", align_corners=False)[:, 0]
        inside = maps * own
        most = inside.detach().flatten(1).max(1).values.clamp(min=0)[:, None, None]
        lack = ((most - inside).abs() * own).sum()
        surplus = (maps.clamp(min=0) * other).sum()
        return (lack + surplus) / (own.sum() + other.sum())

    start, run = stepper(network, forward)
    return {"ids": ids, "context": start, "pixels": pixels, "labels": labels}, run


given, run = {
    "image": image,
    "cam": cam,
    "texts": texts,
    "classification": classification,
    "classification-kept": lambda: classification(is_kept=True),
    "segmentation": segmentation,
}[name]()
arrays = {key: tensor.contiguous().numpy() for key, tensor in (given | run()).items()}
write_safetensors(f"{folder}/published.safetensors", arrays)
print("ready {}", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    run()
    print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)
