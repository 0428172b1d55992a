import { elementCount, type NdArray } from "../../../core/array.ts";
import type { PrompterConfig } from "../../../models/prompter/config.ts";
import type { SamConfig } from "../../../models/sam/config.ts";
import { samTensors } from "../../../models/sam/tensor-table.ts";

type Sample = { readonly index: readonly number[]; readonly values: readonly number[] };

export interface AdamRun {
  readonly history: readonly {
    readonly lr: number | null;
    readonly total: number;
    readonly cls: number;
    readonly embedding: number;
    readonly matches?: readonly (readonly number[])[];
  }[];
  readonly params: Readonly<Record<string, Sample & { readonly norm: number; readonly delta_norm: number }>>;
}

export interface GoldenCases {
  readonly init_stats: Readonly<
    Record<string, { readonly min: number; readonly max: number; readonly std: number }>
  >;
  readonly config: {
    readonly transformer: {
      readonly hidden_dim: number;
      readonly nheads: number;
      readonly dim_feedforward: number;
      readonly enc_layers: number;
      readonly dec_layers: number;
    };
    readonly num_proposals: number;
    readonly num_categories: number;
    readonly weight_adjust: {
      readonly loss_cls_weight: number;
      readonly loss_embedding_weight: number;
      readonly cost_cls_weight: number;
      readonly cost_embedding_weight: number;
    };
    readonly opt: { readonly learning_rate: number; readonly weight_decay: number };
    readonly trainable: number;
  };
  readonly matching: readonly {
    readonly total_cost: number;
    readonly queries_for_targets: readonly number[];
  }[];
  readonly loss: Readonly<
    Record<"total" | "cls" | "embedding" | "accuracy" | "recall" | "total_float64", number>
  >;
  readonly grad: Readonly<Record<string, Sample & { readonly norm: number; readonly sum: number }>>;
  readonly grad_float64_norm: Readonly<Record<string, number>>;
  /** Of the set's own gradients, against float64. */
  readonly grad_float32_relative_error: Readonly<Record<string, number>>;
  readonly adam: Readonly<Record<string, AdamRun>>;
  readonly eval_forward: {
    readonly entries_in_output_lists: number;
    readonly per_image: readonly {
      readonly kept_queries: readonly number[];
      readonly classes: readonly number[];
    }[];
  };
  readonly metric_discs: readonly (MetricFigures & { readonly desc: string })[];
  readonly metric_pair: MetricFigures;
  readonly validate: readonly {
    readonly batch_size: number;
    readonly mean_iou: number;
    readonly mean_acc: number;
    readonly mean_f1: number;
    readonly entries: number;
    readonly iou_entries: readonly number[];
    readonly acc_entries: readonly number[];
    readonly f1_entries: readonly number[];
  }[];
  readonly preprocess: readonly {
    readonly key: string;
    readonly image: string;
    readonly annotations: string;
    readonly target: number;
    readonly resized: readonly [number, number];
    readonly pad_left_top: readonly [number, number];
    readonly image_rows_index: readonly number[];
    readonly image_sum: number;
    readonly mask_sha256: string;
  }[];
  readonly lr_factor: Readonly<Record<string, number>>;
}

export interface MetricFigures {
  readonly iou: number;
  readonly acc: number;
  readonly f1: number;
}

interface WeightSpec {
  readonly shape: readonly number[];
  readonly seed: number;
  readonly scale: number;
  readonly offset: number;
  /** Of the bias of classes: "last entry overwritten with 7.0". */
  readonly note?: string;
  readonly first4: readonly number[];
  readonly sum: number;
}

/** `weights_spec.json` */
export type WeightSpecs = Readonly<Record<string, WeightSpec>>;

/** Sizes by the set's config, and by shapes where the config is silent. */
export function prompterConfigOf({ config }: GoldenCases, shapes: WeightSpecs): PrompterConfig {
  const { hidden_dim, nheads, dim_feedforward, enc_layers, dec_layers } = config.transformer;
  const [, channels, grid] = shapes["@features"].shape;
  return {
    channels,
    grid,
    strides: [2, 2],
    dim: hidden_dim,
    heads: nheads,
    mlpDim: dim_feedforward,
    encoderLayers: enc_layers,
    decoderLayers: dec_layers,
    queries: config.num_proposals,
    tokens: shapes["coords_embed.2.bias"].shape[0] / channels,
    classes: config.num_categories,
  };
}

/**
 * SAM's decoder and prompt encoder, sizes by shapes; what no shape says as published. Its image encoder is nothing, of the same grid, since
 * the set replaced it.
 */
export function samConfigOf(shapes: WeightSpecs): SamConfig {
  const shapeOf = (name: string): readonly number[] => shapes[`SAM_model.${name}`].shape;
  const layers = Object.keys(shapes).flatMap(
    (name) => /^SAM_model\.mask_decoder\.transformer\.layers\.(\d+)\./.exec(name)?.[1] ?? [],
  );
  const patch = 16;
  return {
    kind: "sam",
    encoder: {
      kind: "vit",
      side: patch * shapes["@features"].shape[2],
      patch,
      dim: 8,
      depth: 0,
      heads: 1,
      window: 14,
      globalBlocks: [],
      mlpRatio: 4,
    },
    dim: shapeOf("prompt_encoder.no_mask_embed.weight")[1],
    maskChannels: shapeOf("prompt_encoder.mask_downscaling.6.weight")[1],
    decoder: {
      depth: new Set(layers).size,
      heads: 8,
      mlpDim: shapeOf("mask_decoder.transformer.layers.0.mlp.lin1.bias")[0],
      iouDim: shapeOf("mask_decoder.iou_prediction_head.layers.0.bias")[0],
    },
  };
}

/** The set's formula for its weights, checked against the first values and the sum it gives. */
export function openWeightFormulas(shapes: WeightSpecs): {
  draw(name: string): NdArray<"float32">;
  features(): NdArray<"float32">;
  sam(): Map<string, NdArray<"float32">>;
} {
  const drawRaw = (name: string): NdArray<"float32"> => {
    const { shape, seed, scale, offset } = shapes[name];
    const data = new Float32Array(elementCount(shape));
    for (let i = 0; i < data.length; i++) data[i] = ((hash(i, seed) / 2 ** 32) * 2 - 1) * scale + offset;
    return { dtype: "float32", shape, data };
  };
  const checked = (name: string, array: NdArray<"float32">): NdArray<"float32"> => {
    const { first4, sum } = shapes[name];
    const total = array.data.reduce((a, b) => a + b, 0);
    // The features' sum is over what is pooled, in another order.
    const isRight = first4.every((value, i) => Math.abs(array.data[i] - value) < 1e-6);
    if (!isRight || Math.abs(total - sum) > 1e-2)
      throw new Error(`the formula of "${name}" gives other values`);
    return array;
  };
  const draw = (name: string): NdArray<"float32"> => {
    const array = checked(name, drawRaw(name));
    const { note } = shapes[name];
    if (note !== undefined) array.data[array.data.length - 1] = lastEntry(note);
    return array;
  };
  return {
    draw,
    features: () => checked("@features", pooled(drawRaw("@features"))),
    sam: () =>
      new Map(
        [...samTensors(samConfigOf(shapes))].map(([name, shape]) => [
          name,
          name.startsWith("image_encoder.")
            ? { dtype: "float32", shape, data: new Float32Array(elementCount(shape)) }
            : draw(`SAM_model.${name}`),
        ]),
      ),
  };
}

function lastEntry(note: string): number {
  const value = /^last entry overwritten with (-?[\d.e-]+)$/.exec(note)?.[1];
  if (value === undefined) throw new Error(`the formula has an unknown note "${note}"`);
  return Number(value);
}

function hash(index: number, seed: number): number {
  let x = (Math.imul(index, 0x9e3779b1) + seed) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Sums of 3×3 neighbors, zeros beyond the edge, over 9, times 3. */
function pooled({ shape, data }: NdArray<"float32">): NdArray<"float32"> {
  const [height, width] = shape.slice(2);
  const result = new Float32Array(data.length);
  for (let plane = 0; plane < data.length; plane += height * width)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        let sum = 0;
        for (let y = Math.max(0, i - 1); y <= Math.min(height - 1, i + 1); y++)
          for (let x = Math.max(0, j - 1); x <= Math.min(width - 1, j + 1); x++)
            sum += data[plane + y * width + x];
        result[plane + i * width + j] = Math.fround(sum / 9) * 3;
      }
  return { dtype: "float32", shape, data: result };
}
