/** The networks of `engine.ts`, each as its peer in `engine_torch.py`: same shapes, same losses, random weights. */
import type { NdArray } from "../src/core/array.ts";
import { random } from "../src/core/random.ts";
import {
  add,
  attention,
  batchNormTrain,
  constant,
  conv2d,
  type Graph,
  gelu,
  input,
  layerNorm,
  linear,
  mean,
  mul,
  quickGelu,
  relu,
  reshape,
  resize,
  slice,
  type Tensor,
  transpose,
} from "../src/engine/index.ts";

/** Weights by name: constants of a frozen network, or inputs of one that is trained. */
export interface Weights {
  readonly graph: Graph;
  readonly trained: Tensor[];
  /** @param value  random with a standard deviation, or all of one number */
  weight(name: string, shape: readonly number[], value: { std: number } | number): Tensor;
}

/** Weights for a graph; those that `values` does not have are drawn and put there. */
export function weightsOf(graph: Graph, values: Map<string, NdArray>, kind: "frozen" | "trained"): Weights {
  const trained: Tensor[] = [];
  const { normal } = random("bench");
  return {
    graph,
    trained,
    weight(name, shape, value) {
      const known = values.get(name);
      const data = known === undefined ? new Float32Array(shape.reduce((a, b) => a * b, 1)) : known.data;
      if (known === undefined) {
        for (let p = 0; p < data.length; p++)
          data[p] = typeof value === "number" ? value : value.std * normal();
        values.set(name, { dtype: "float32", shape, data } as NdArray);
      }
      if (kind === "frozen") return constant(graph, data, { name, shape });
      const tensor = input(graph, name, shape);
      trained.push(tensor);
      return tensor;
    },
  };
}

function dense(w: Weights, name: string, x: Tensor, from: number, to: number): Tensor {
  const weight = w.weight(`${name}.weight`, [from, to], { std: from ** -0.5 });
  return linear(x, weight, { bias: w.weight(`${name}.bias`, [to], 0) });
}

function norm(w: Weights, name: string, x: Tensor, size: number): Tensor {
  return layerNorm(x, {
    scale: w.weight(`${name}.weight`, [size], 1),
    bias: w.weight(`${name}.bias`, [size], 0),
  });
}

interface LayerOptions {
  readonly heads: number;
  readonly activation: (x: Tensor) => Tensor;
  readonly bias?: Tensor;
}

/** A pre-norm transformer layer as in CLIP and ViT: x [B, T, D], hidden 4 D. */
export function transformerLayer(w: Weights, x: Tensor, { heads, activation, bias }: LayerOptions): Tensor {
  const [batch, tokens, size] = x.shape as readonly number[];
  const normed = norm(w, "norm1", x, size);
  const weight = w.weight("qkv.weight", [size, 3 * size], { std: size ** -0.5 });
  const shift = w.weight("qkv.bias", [3 * size], 0);
  // Three products instead of one whose parts have to be taken apart; constant weights are cut when the model is loaded.
  const [q, k, v] = [0, 1, 2].map((part) => {
    const own = { start: part * size, end: (part + 1) * size };
    const y = linear(normed, slice(weight, { axis: 1, ...own }), { bias: slice(shift, { axis: 0, ...own }) });
    return transpose(reshape(y, [batch, tokens, heads, size / heads]), [0, 2, 1, 3]);
  });
  const mixed = attention(q, k, v, bias === undefined ? {} : { bias });
  const joined = reshape(transpose(mixed, [0, 2, 1, 3]), [batch, tokens, size]);
  const y = add(x, dense(w, "out", joined, size, size));
  const hidden = activation(dense(w, "fc1", norm(w, "norm2", y, size), size, 4 * size));
  return add(y, dense(w, "fc2", hidden, 4 * size, size));
}

export function clipTextLayer(w: Weights, x: Tensor): Tensor {
  const tokens = x.shape[1] as number;
  const causal = new Float32Array(tokens * tokens);
  for (let i = 0; i < tokens; i++) causal.fill(-1e9, i * tokens + i + 1, (i + 1) * tokens);
  const bias = constant(w.graph, causal, { shape: [tokens, tokens] });
  return transformerLayer(w, x, { heads: 8, activation: quickGelu, bias });
}

export function vitBlock(w: Weights, x: Tensor): Tensor {
  return transformerLayer(w, x, { heads: 12, activation: gelu });
}

function multiHead(w: Weights, name: string, [q, k, v]: readonly Tensor[], heads: number): Tensor {
  const [batch, tokens, size] = q.shape as readonly number[];
  const split = (x: Tensor, part: string): Tensor => {
    const projected = dense(w, `${name}.${part}`, x, size, size);
    return transpose(reshape(projected, [batch, x.shape[1], heads, size / heads]), [0, 2, 1, 3]);
  };
  const mixed = attention(split(q, "q"), split(k, "k"), split(v, "v"));
  return dense(w, `${name}.out`, reshape(transpose(mixed, [0, 2, 1, 3]), [batch, tokens, size]), size, size);
}

function feedForward(w: Weights, name: string, x: Tensor, size: number, hidden: number): Tensor {
  return dense(w, `${name}.fc2`, relu(dense(w, `${name}.fc1`, x, size, hidden)), hidden, size);
}

function square(x: Tensor): Tensor {
  return mean(mul(x, x));
}

/** A DETR-like prompter on SAM's features: two strided convolutions, 6 + 6 layers, 25 queries; 12.7 million parameters. */
export function prompter(w: Weights, features: Tensor): Tensor {
  const size = 256;
  const [heads, hidden, queries, classes] = [8, 1024, 25, 20];
  const batch = features.shape[0] as number;
  let x = features;
  for (const i of [0, 1]) {
    const weight = w.weight(`conv${i}.weight`, [size, size, 3, 3], { std: 1 / 48 });
    x = conv2d(x, weight, { bias: w.weight(`conv${i}.bias`, [size], 0), stride: 2, pad: 1 });
    x = gelu(
      layerNorm(x, {
        scale: w.weight(`conv${i}.norm.weight`, [size], 1),
        bias: w.weight(`conv${i}.norm.bias`, [size], 0),
        axis: 1,
      }),
    );
  }
  const position = w.weight("position", [1, 256, size], { std: 0.02 });
  const query = w.weight("query", [1, queries, size], { std: 0.02 });
  let memory = transpose(reshape(x, [batch, size, 256]), [0, 2, 1]);
  for (let i = 0; i < 6; i++) {
    const name = `encoder${i}`;
    const placed = add(memory, position);
    memory = norm(w, `${name}.norm1`, add(memory, multiHead(w, name, [placed, placed, memory], heads)), size);
    memory = norm(w, `${name}.norm2`, add(memory, feedForward(w, name, memory, size, hidden)), size);
  }
  const keys = add(memory, position);
  let t = constant(w.graph, new Float32Array(batch * queries * size), { shape: [batch, queries, size] });
  for (let i = 0; i < 6; i++) {
    const name = `decoder${i}`;
    const placed = add(t, query);
    t = norm(w, `${name}.norm1`, add(t, multiHead(w, `${name}.self`, [placed, placed, t], heads)), size);
    const cross = multiHead(w, `${name}.cross`, [add(t, query), keys, memory], heads);
    t = norm(w, `${name}.norm2`, add(t, cross), size);
    t = norm(w, `${name}.norm3`, add(t, feedForward(w, name, t, size, hidden)), size);
  }
  t = norm(w, "norm", t, size);
  const logits = dense(w, "class", t, size, classes + 1);
  const embedding = dense(w, "embed2", gelu(dense(w, "embed1", t, size, 512)), 512, 512);
  return add(square(logits), square(embedding));
}

const SEGFORMER = {
  sizes: [32, 64, 160, 256],
  heads: [1, 2, 5, 8],
  reductions: [8, 4, 2, 1],
  width: 256,
  classes: 21,
};

/** SegFormer-B0 with its head of 256 channels and batch norm, at a quarter of the image's size; 3.7 million parameters. */
export function segformer(w: Weights, image: Tensor): Tensor {
  const { sizes, heads, reductions, width, classes } = SEGFORMER;
  const [batch, , imageSize] = image.shape as readonly number[];
  let x = image;
  let sum: Tensor | null = null;
  sizes.forEach((size, stage) => {
    const kernel = stage === 0 ? 7 : 3;
    const from = x.shape[1] as number;
    const weight = w.weight(`patch${stage}.weight`, [size, from, kernel, kernel], {
      std: (from * kernel ** 2) ** -0.5,
    });
    x = conv2d(x, weight, {
      bias: w.weight(`patch${stage}.bias`, [size], 0),
      stride: stage === 0 ? 4 : 2,
      pad: kernel >> 1,
    });
    const side = x.shape[2] as number;
    const toTokens = (map: Tensor, channels: number): Tensor =>
      transpose(reshape(map, [batch, channels, -1]), [0, 2, 1]);
    const toMap = (tokens: Tensor, channels: number): Tensor =>
      reshape(transpose(tokens, [0, 2, 1]), [batch, channels, side, side]);
    let t = norm(w, `patch${stage}.norm`, toTokens(x, size), size);
    for (let block = 0; block < 2; block++) {
      const name = `stage${stage}.${block}`;
      const y = norm(w, `${name}.norm1`, t, size);
      let keys = y;
      const reduction = reductions[stage];
      if (reduction > 1) {
        const filter = [size, size, reduction, reduction];
        const reduced = conv2d(
          toMap(y, size),
          w.weight(`${name}.reduce.weight`, filter, { std: (size * reduction ** 2) ** -0.5 }),
          { bias: w.weight(`${name}.reduce.bias`, [size], 0), stride: reduction },
        );
        keys = norm(w, `${name}.reduce.norm`, toTokens(reduced, size), size);
      }
      t = add(t, multiHead(w, name, [y, keys, keys], heads[stage]));
      const expanded = dense(w, `${name}.fc1`, norm(w, `${name}.norm2`, t, size), size, 4 * size);
      const mixed = conv2d(
        toMap(expanded, 4 * size),
        w.weight(`${name}.depthwise.weight`, [4 * size, 1, 3, 3], { std: 1 / 3 }),
        { bias: w.weight(`${name}.depthwise.bias`, [4 * size], 0), pad: 1, groups: 4 * size },
      );
      t = add(t, dense(w, `${name}.fc2`, gelu(toTokens(mixed, 4 * size)), 4 * size, size));
    }
    t = norm(w, `stage${stage}.norm`, t, size);
    x = toMap(t, size);
    // A 1 × 1 convolution over all four maps is a sum of one for each, and that commutes with resizing.
    const projected = dense(w, `project${stage}`, t, size, width);
    const fused = linear(projected, w.weight(`fuse${stage}.weight`, [width, width], { std: 1 / 32 }));
    const resized = resize(toMap(fused, width), { height: imageSize / 4, width: imageSize / 4 });
    sum = sum === null ? resized : add(sum, resized);
  });
  const { y } = batchNormTrain(sum as unknown as Tensor, {
    scale: w.weight("norm.weight", [width], 1),
    bias: w.weight("norm.bias", [width], 0),
  });
  const head = w.weight("class.weight", [classes, width, 1, 1], { std: 1 / 16 });
  return square(conv2d(relu(y), head, { bias: w.weight("class.bias", [classes], 0) }));
}
