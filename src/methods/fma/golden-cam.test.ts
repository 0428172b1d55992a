import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import {
  constant,
  createGraph,
  type Graph,
  gather,
  input,
  l2Normalize,
  type Tensor,
} from "../../engine/index.ts";
import {
  dtypes,
  type GoldenPictures,
  type GoldenPrompts,
  openGoldenPrompts,
  tensorsOf,
  type Values,
} from "../../testing/golden-prompts.ts";
import type { Competition } from "./class-softmax.ts";
import { createClipCam } from "./clip-cam.ts";
import { clipLastBlock } from "./clip-sides.ts";
import { type GradCam, gradCam } from "./grad-cam.ts";

const competitions: Readonly<Record<string, Competition>> = {
  True: "present",
  False: "all",
  fg_only: "foreground",
};
const opened = await openGoldenPrompts("CAMs");

describe.skipIf(opened === null)("golden fma: CAMs", () => {
  const {
    runtime,
    golden,
    scales = [],
    open,
    textSide,
    compute,
    expectClose,
  } = opened ?? ({} as GoldenPrompts);
  afterAll(() => opened?.close());
  const cases = scales.flatMap((name) => dtypes.map((dtype) => [name, dtype] as const));

  it("features of the pictures", async () => {
    const { activation } = await open("float32");
    const [tokens, pictures, dim] = golden.get("gradcam.activation").shape;
    const data = activation.data as Float32Array;
    // [B, T, D] as the set has it, [T, B, D].
    const turned = data.map((_, p) => {
      const [token, picture, d] = [Math.floor(p / dim / pictures), Math.floor(p / dim) % pictures, p % dim];
      return data[(picture * tokens + token) * dim + d];
    });
    expectClose("gradcam.activation", "float32", turned, 1e-4);
  });

  it.each(cases)("CAMs and scores, %s, %s", async (name, dtype) => {
    const set = await open(dtype);
    const text = textSide(set, name);
    for (const [mode, competition] of Object.entries(competitions)) {
      const context = input(createGraph(), "context", text.contextShape);
      const { graph } = context;
      const texts = l2Normalize(text.encode(context));
      const found = rowsCam(graph, set, { texts, scale: text.scale, competition });
      const feeds = { context: golden.get("gradcam.ctx"), tokens: set.tokens };
      const { cam, scores, logits } = await compute(dtype, found, feeds);
      const key = `gradcam.${name}.${mode}.DTYPE`;
      expectClose(`${key}.pos_cam`, dtype, firstRows(cam, set.pairs.length));
      expectClose(`${key}.sm_logits`, dtype, byPicture(set, scores));
      if (mode === "True") expectClose(`gradcam.${name}.DTYPE.logits`, dtype, byPicture(set, logits));
    }
  });

  it.each(scales)("CAMs picture by picture, %s", async (name) => {
    const set = await open("float32");
    const { source, classCount, isPresent, pictureCount, tokens, grid } = set;
    const text = textSide(set, name);
    const context = input(createGraph(), "context", text.contextShape);
    const { texts } = await compute(
      "float32",
      { texts: l2Normalize(text.encode(context)) },
      { context: golden.get("gradcam.ctx") },
    );
    const network = createClipCam(source, runtime, { classCount, scale: text.scale });
    const found: number[] = [];
    for (let k = 0; k < pictureCount; k++) {
      const [, count, dim] = tokens.shape;
      const data = (tokens.data as Float32Array).slice(k * count * dim, (k + 1) * count * dim);
      const lastInput = { dtype: "float32", shape: [1, count, dim], data } as const;
      const own = isPresent.slice(k * classCount, (k + 1) * classCount);
      const classes = own.flatMap((value, c) => (value === 1 ? [c + 1] : []));
      const cam = await network.camOf({ grid, lastInput }, texts as NdArray<"float32">, classes.toReversed());
      expect(cam.classes).toEqual(classes);
      found.push(...cam.data);
      const none = await network.camOf({ grid, lastInput }, texts as NdArray<"float32">, []);
      expect([none.classes.length, none.data.length]).toEqual([0, 0]);
      const wrong = { grid: { height: 1, width: 1 }, lastInput };
      await expect(network.camOf(wrong, texts as NdArray<"float32">, classes)).rejects.toThrow(
        "camOf: lastInput",
      );
    }
    await network.dispose();
    expectClose(`gradcam.${name}.True.DTYPE.pos_cam`, "float32", found);
  });

  /** One row for each class in a picture, of the set's features, then one for each picture without any. */
  function rowsCam(
    graph: Graph,
    { source, tokens, isPresent, classCount, pictureCount, pairs }: GoldenPictures,
    options: { readonly texts: Tensor; readonly scale: number; readonly competition: Competition },
  ): Record<keyof GradCam, Tensor> {
    const rows = [...pairs, ...untagged({ pairs, classCount, pictureCount })];
    const pictures = rows.map((pair) => Math.floor(pair / classCount));
    const rowsOf = (values: Tensor): Tensor => gather(values, constant(graph, Int32Array.from(pictures)));
    const block = clipLastBlock(source)(rowsOf(input(graph, "tokens", tokens.shape)));
    const shape = [isPresent.length / classCount, classCount];
    const present = rowsOf(constant(graph, Float32Array.from(isPresent), { shape }));
    const target = constant(
      graph,
      BigInt64Array.from(rows, (pair) => BigInt(pair % classCount)),
    );
    return { ...gradCam({ ...block, ...options, present, target }) };
  }

  /** The first class, for pictures that have none. */
  function untagged(set: Pick<GoldenPictures, "pairs" | "classCount" | "pictureCount">): number[] {
    const tagged = new Set(set.pairs.map((pair) => Math.floor(pair / set.classCount)));
    return Array.from({ length: set.pictureCount }, (_, picture) => picture)
      .filter((picture) => !tagged.has(picture))
      .map((picture) => picture * set.classCount);
  }

  /** The first row of each picture: [P, G] to [B, G]. */
  function byPicture(set: GoldenPictures, { shape, data }: Values): number[] {
    const rows = [...set.pairs, ...untagged(set)];
    return Array.from({ length: set.pictureCount }, (_, picture) => {
      const row = rows.findIndex((pair) => Math.floor(pair / set.classCount) === picture);
      return Array.from((data as Float32Array).subarray(row * shape[1], (row + 1) * shape[1]));
    }).flat();
  }

  function firstRows({ shape, data }: Values, count: number): Float64Array {
    return Float64Array.from((data as Float32Array).subarray(0, count * (shape[1] as number)));
  }

  it("leaves nothing of the set out", () => {
    const others = [...Object.values(tensorsOf), /^(?!gradcam\.)/];
    const unused = golden.unused().filter((name) => !others.some((other) => other.test(name)));
    expect(unused).toEqual([]);
  });
});
