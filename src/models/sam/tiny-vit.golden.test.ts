import { afterAll, describe, expect, it } from "vitest";
import { elementCount, type NdArray } from "../../core/array.ts";
import {
  type Arrays,
  compile,
  createGraph,
  frozenWeights,
  input,
  type Runtime,
  type Tensor,
  type WeightFile,
} from "../../engine/index.ts";
import { goldenFolder, readJson } from "../../testing/folders.ts";
import { relativeError, reportGolden } from "../../testing/golden.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import { type SamConfig, samConfigs, type TinyVitConfig } from "./config.ts";
import { encodeImage } from "./image-encoder.ts";
import { type Formula, formulaTensor, smoothed } from "./testing/formula-weights.ts";
import { openGoldenTensors } from "./testing/golden-sam.ts";
import { weightFile } from "./testing/tiny-sam.ts";
import { tinyVitSteps } from "./testing/tiny-vit-steps.ts";
import { tinyVitEntries } from "./tiny-vit-tensor-table.ts";

interface Cases {
  readonly config: {
    readonly img_size: number;
    readonly embed_dims: readonly number[];
    readonly depths: readonly number[];
    readonly num_heads: readonly number[];
    readonly window_sizes: readonly number[];
    readonly mlp_ratio: number;
  };
  /** Shapes of the tensors of which the set has samples. */
  readonly sampled: Readonly<Record<string, readonly number[]>>;
  readonly bias_effect: number;
  readonly full_output: { readonly slice: string; readonly mean: number; readonly std: number };
}

const folder = goldenFolder("mobilesam-tiny");
const runtime = folder === null ? null : await tryRuntime("golden mobilesam-tiny");

describe.skipIf(folder === null || runtime === null)("golden mobilesam-tiny", () => {
  const root = folder ?? "";
  const cases = folder === null ? ({} as Cases) : readJson<Cases>(root, "cases.json");
  const golden = folder === null ? ({} as ReturnType<typeof openGoldenTensors>) : openGoldenTensors(root);
  const small = folder === null ? ({} as SamConfig) : configOf(cases.config);

  let compared = 0;
  let worst = 0;
  afterAll(() => reportGolden("mobilesam-tiny", compared, worst));

  function expectClose(name: string, got: ArrayLike<number>, tolerance: number): void {
    const error = relativeError(got, golden.get(name).data as Float32Array);
    expect(error, name).toBeLessThanOrEqual(tolerance);
    compared++;
    worst = Math.max(worst, error);
  }

  /** The set's weights, checked by their first values and sums. */
  function weightsOf(spec: string): WeightFile & { readonly pixels: NdArray<"float32"> } {
    const { "@input": pixels, ...formulas } = readJson<Record<string, Formula>>(root, spec);
    const tensors = new Map<string, NdArray<"float32">>();
    for (const [name, formula] of Object.entries(formulas)) {
      const tensor = formulaTensor(formula);
      expect([...tensor.data.subarray(0, 4)], name).toEqual(formula.first4);
      const sum = tensor.data.reduce((total, value) => total + value, 0);
      expect(sum, name).toBeCloseTo(formula.sum as number, 6);
      tensors.set(name, tensor);
    }
    return { ...weightFile(tensors), pixels: smoothed(formulaTensor(pixels)) };
  }

  /** The embedding, and those steps that are asked for. */
  async function run(
    config: SamConfig,
    file: WeightFile,
    pixels: NdArray,
    wants: (name: string) => boolean,
  ): Promise<Arrays> {
    const graph = createGraph();
    const weights = frozenWeights(graph, file);
    const output = encodeImage(weights, input(graph, "pixels", pixels.shape), config);
    const steps = tinyVitSteps(graph, weights, config.encoder as TinyVitConfig);
    const wanted = Object.entries<Tensor>(steps).filter(([name]) => wants(name));
    const executable = await compile({ ...Object.fromEntries(wanted), output }, runtime as Runtime);
    const outputs = await executable.run({ pixels });
    await executable.dispose();
    return outputs;
  }

  function expectSample(name: string, step: NdArray | undefined, shape: readonly number[]): void {
    expect(step?.shape, name).toEqual(shape);
    const data = step?.data as Float32Array;
    const picked = Array.from(golden.get(`${name}.sample_index`).data as Int32Array, (p) => data[p]);
    expectClose(`${name}.sample`, picked, 1e-5);
  }

  it("has the encoder's tensors, each with its shape", () => {
    const { "@input": _, ...formulas } = readJson<Record<string, Formula>>(root, "weights_spec.json");
    const shapes = new Map(Object.entries(formulas).map(([name, { shape }]) => [name, shape]));
    for (const [name, shape] of tinyVitEntries(small.encoder as TinyVitConfig))
      expect(shapes.get(name), name).toEqual(shape);
    const unused = [...shapes.keys()].filter((name) => /\.(norm_head|head)\./.test(name)).length;
    const neck = 6;
    expect(shapes.size).toBe(tinyVitEntries(small.encoder as TinyVitConfig).length + neck + unused);
  });

  it("encodes an image, step by step", async () => {
    const file = weightsOf("weights_spec.json");
    const pixels = golden.get("input") as NdArray<"float32">;
    expect(relativeError(file.pixels.data, pixels.data)).toBeLessThan(1e-6);
    const has = (name: string): boolean => golden.has(name) || cases.sampled[name] !== undefined;
    const outputs = await run(small, file, pixels, has);
    for (const [name, step] of Object.entries(outputs))
      if (cases.sampled[name] !== undefined) expectSample(name, step, cases.sampled[name]);
      else expectClose(name, step.data as Float32Array, name === "output" ? 1e-4 : 1e-5);
  });

  it("differs by the attention biases from the original that forgets them", async () => {
    const file = weightsOf("weights_spec.json");
    const stale = new Map<string, NdArray>();
    for (const [name, tensor] of file.tensors) {
      const array = tensor.read();
      const zeros = { ...array, data: new Float32Array(array.data.length) };
      stale.set(name, name.endsWith("attention_biases") ? zeros : array);
    }
    const { output } = await run(small, weightFile(stale), file.pixels, () => false);
    expectClose("output_with_zero_attention_bias_every2", everyNth(output, [1, 2, 2, 2]), 1e-4);
    const effect = relativeError(output.data as Float32Array, golden.get("output").data as Float32Array);
    expect(effect).toBeCloseTo(cases.bias_effect, 3);
  });

  it("encodes an image at full size", async () => {
    const { pixels, ...file } = weightsOf("weights_spec_full.json");
    const full = Object.entries(cases.sampled).flatMap(([name, shape]) =>
      name.startsWith("full.") ? [{ step: name.slice(5), name, shape }] : [],
    );
    const outputs = await run(samConfigs["mobile-sam"], file, pixels, (name) =>
      full.some(({ step }) => step === name),
    );
    for (const { step, name, shape } of full) expectSample(name, outputs[step], shape);
    const { slice, mean, std } = cases.full_output;
    const steps = slice.slice(slice.indexOf("[") + 1, -1).split(", ");
    const picked = everyNth(
      outputs.output,
      steps.map((part) => Number(part.replaceAll(":", "") || 1)),
    );
    expectClose("full.output_every4", picked, 1e-4);
    const data = outputs.output.data as Float32Array;
    const average = data.reduce((sum, value) => sum + value, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - average) ** 2, 0) / data.length);
    expect(average).toBeCloseTo(mean, 5);
    expect(deviation).toBeCloseTo(std, 5);
  });

  it("has looked at every tensor of the set", () => {
    expect(golden.unused()).toEqual([]);
  });
});

function configOf({
  img_size,
  embed_dims,
  depths,
  num_heads,
  window_sizes,
  mlp_ratio,
}: Cases["config"]): SamConfig {
  return {
    ...samConfigs["mobile-sam"],
    encoder: {
      kind: "tiny-vit",
      side: img_size,
      convolutions: { dim: embed_dims[0], depth: depths[0] },
      stages: embed_dims
        .map((dim, s) => ({ dim, depth: depths[s], heads: num_heads[s], window: window_sizes[s] }))
        .slice(1),
      mlpRatio: mlp_ratio,
    },
  };
}

/** Every n-th element along each axis. */
function everyNth({ shape, data }: NdArray, steps: readonly number[]): number[] {
  const values: number[] = [];
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const visit = (axis: number, at: number): void => {
    if (axis === shape.length) values.push((data as Float32Array)[at]);
    else for (let i = 0; i < shape[axis]; i += steps[axis]) visit(axis + 1, at + i * strides[axis]);
  };
  visit(0, 0);
  return values;
}
