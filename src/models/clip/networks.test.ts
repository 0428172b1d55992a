import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import {
  createGraph,
  type Graph,
  gradients,
  input,
  jvp,
  mul,
  sum,
  type Tensor,
  vjp,
} from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { relativeError } from "../../testing/golden.ts";
import type { Weights } from "../sam/weights.ts";
import { letterTokenizer, randomTensors, tinyConfig } from "./testing/tiny-clip.ts";
import { assembleTexts, encodeClipLayout, encodeClipText } from "./text.ts";
import { layoutNames } from "./text-layout.ts";
import { encodeClipImage, finishClipImage, mergeAttention } from "./vision.ts";

const tensors = randomTensors(tinyConfig);
const feeds: Record<string, ArrayLike<number>> = Object.fromEntries(
  [...tensors].map(([name, { data }]) => [name, data]),
);

const inputs = new WeakMap<Graph, Map<string, Tensor>>();

/** Weights as inputs of the graph, so that the interpreter sees them in float64. */
function weightsOf(graph: Graph): Weights {
  const known = inputs.get(graph) ?? new Map<string, Tensor>();
  inputs.set(graph, known);
  return (name) => {
    const tensor = known.get(name) ?? input(graph, name, tensors.get(name)?.shape ?? []);
    known.set(name, tensor);
    return tensor;
  };
}

function draws(seed: string, count: number): Float64Array {
  const { normal } = random(seed);
  return Float64Array.from({ length: count }, () => normal());
}

describe("CLIP's image encoder", () => {
  const encode = (shape: readonly number[], pixels: Float64Array, queryBlock?: number): Float64Array[] => {
    const graph = createGraph();
    const x = input(graph, "pixels", shape);
    const options = queryBlock === undefined ? {} : { queryBlock };
    const encoded = encodeClipImage(weightsOf(graph), x, tinyConfig, options);
    const wanted = [encoded.meanEmbedding, encoded.classEmbedding, mergeAttention(encoded.attention, 2)];
    return interpret(wanted, { ...feeds, pixels }).map(({ data }) => data);
  };

  it("gives the same in query blocks of any size", () => {
    const pixels = draws("pixels", 3 * 4 * 10);
    const whole = encode([1, 3, 4, 10], pixels);
    for (const size of [1, 4, 11, 100])
      encode([1, 3, 4, 10], pixels, size).forEach((values, k) => {
        expect(relativeError(values, whole[k])).toBeLessThan(1e-13);
      });
  });

  it("gives each picture of a batch what it gets alone", () => {
    const [a, b] = [draws("a", 3 * 6 * 4), draws("b", 3 * 6 * 4)];
    const both = encode([2, 3, 6, 4], Float64Array.from([...a, ...b]));
    const [first, second] = [encode([1, 3, 6, 4], a), encode([1, 3, 6, 4], b)];
    both.forEach((values, k) => {
      expect(relativeError(values, [...first[k], ...second[k]])).toBeLessThan(1e-13);
    });
  });

  it("refuses sides that patches do not fill, and channels that are not three", () => {
    const graph = createGraph();
    for (const shape of [
      [1, 3, 5, 6],
      [1, 1, 6, 6],
      [1, 3, 0, 6],
    ])
      expect(() => encodeClipImage(weightsOf(graph), input(graph, shape.join(), shape), tinyConfig)).toThrow(
        "encodeClipImage: image: expected [B, 3, H, W] with sides that are multiples of 2",
      );
  });

  const [tokens, dim] = [7, tinyConfig.vision.dim];
  /** The last block as a function of its first norm. */
  const lastBlock = (): { activation: Tensor; embedding: Tensor } => {
    const graph = createGraph();
    const [x, activation] = ["x", "activation"].map((name) => input(graph, name, [2, tokens, dim]));
    return {
      activation,
      embedding: finishClipImage(weightsOf(graph), x, activation, tinyConfig).meanEmbedding,
    };
  };
  const at: Record<string, Float64Array> = {
    x: draws("x", 2 * tokens * dim),
    activation: draws("activation", 2 * tokens * dim),
    tangent: draws("tangent", 2 * tokens * dim),
    cotangent: draws("cotangent", 2 * tinyConfig.dim),
  };

  it("has a VJP and a JVP of the last block that are transposes, and that differences confirm", () => {
    const { activation, embedding } = lastBlock();
    const tangent = input(embedding.graph, "tangent", activation.shape);
    const cotangent = input(embedding.graph, "cotangent", embedding.shape);
    const [pulled] = vjp([embedding], [cotangent], [activation]);
    const [pushed] = jvp([embedding], [activation], [tangent]);
    const [back, forth] = interpret([pulled, pushed], { ...feeds, ...at }).map(({ data }) => data);
    const dot = (a: Float64Array, b: Float64Array): number =>
      a.reduce((total, value, p) => total + value * b[p], 0);
    expect(Math.abs(dot(back, at.tangent) / dot(forth, at.cotangent) - 1)).toBeLessThan(1e-12);

    const h = 1e-6;
    const moved = (step: number): Float64Array => {
      const shifted = at.activation.map((value, p) => value + step * at.tangent[p]);
      return interpret([embedding], { ...feeds, ...at, activation: shifted })[0].data;
    };
    const [ahead, behind] = [moved(h), moved(-h)];
    const slope = ahead.map((value, p) => (value - behind[p]) / (2 * h));
    expect(relativeError(forth, slope)).toBeLessThan(1e-8);
  });
});

describe("CLIP's text encoder", () => {
  const { dim } = tinyConfig.text;
  const names = ["cat", "", "a bee"];
  const layout = layoutNames(names, letterTokenizer, {
    contextLength: 3,
    namePosition: "middle",
    sharing: [0, 1, 0],
  });
  const build = (): { tokens: Tensor; context: Tensor; features: Tensor } => {
    const graph = createGraph();
    const tokens = input(graph, "tokens", [layout.tokens.length, dim]);
    const context = input(graph, "context", [2, 3, dim]);
    const ends = input(graph, "ends", [3], "int32");
    const texts = assembleTexts(layout, tokens, context);
    return { tokens, context, features: encodeClipText(weightsOf(graph), texts, ends, tinyConfig) };
  };
  const at: Record<string, ArrayLike<number>> = {
    tokens: draws("tokens", layout.tokens.length * dim),
    context: draws("context", 2 * 3 * dim),
    ends: layout.ends,
  };

  it("does not see what follows the end", () => {
    const encode = (length: number, ends: readonly number[], tail: string): Float64Array => {
      const graph = createGraph();
      const texts = input(graph, "texts", [2, length, dim]);
      const features = encodeClipText(
        weightsOf(graph),
        texts,
        input(graph, "ends", [2], "int32"),
        tinyConfig,
      );
      const rows = [0, 1].flatMap((g) => [
        ...draws(`text ${g}`, 5 * dim),
        ...draws(tail, (length - 5) * dim),
      ]);
      return interpret([features], { ...feeds, texts: rows, ends })[0].data;
    };
    const short = encode(5, [4, 2], "");
    expect(relativeError(encode(12, [4, 2], "something"), short)).toBeLessThan(1e-13);
    expect(relativeError(encode(12, [5, 2], "something"), short)).toBeGreaterThan(1e-3);
    expect(() => encode(13, [4, 2], "too much")).toThrow(
      "encodeClipText: texts: expected at most 12 tokens, got 13",
    );
  });

  it("gives the same features and gradients without the rows that it can spare", () => {
    const { tokens, context, features } = build();
    const sparing = encodeClipLayout(weightsOf(features.graph), layout, { tokens, context }, tinyConfig);
    const slope = input(features.graph, "slope", features.shape);
    const outputs = [features, sparing].flatMap((each) => [
      each,
      ...gradients(sum(mul(each, slope)), [tokens, context]),
    ]);
    const cotangent = draws("slope", 3 * tinyConfig.dim);
    const values = interpret(outputs, { ...feeds, ...at, slope: cotangent }).map(({ data }) => data);
    for (const k of [0, 1, 2]) expect(relativeError(values[3 + k], values[k])).toBeLessThan(1e-12);
  });

  it("has gradients by the contexts that differences confirm", () => {
    const { context, features } = build();
    const loss = sum(mul(features, features));
    const [gradient] = gradients(loss, [context]);
    const { data } = interpret([gradient], { ...feeds, ...at })[0];
    const h = 1e-6;
    const places = [0, 7, 14, 21, 28, 35];
    const slope = places.map((p) => {
      const [ahead, behind] = [h, -h].map((step) => {
        const moved = Float64Array.from(at.context, (value, q) => value + (q === p ? step : 0));
        return interpret([loss], { ...feeds, ...at, context: moved })[0].data[0];
      });
      return (ahead - behind) / (2 * h);
    });
    expect(
      relativeError(
        places.map((p) => data[p]),
        slope,
      ),
    ).toBeLessThan(1e-6);
  });
});
