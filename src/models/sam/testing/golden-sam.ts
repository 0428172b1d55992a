import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NdArray } from "../../../core/array.ts";
import { readSafetensors } from "../../../core/safetensors.ts";
import type { SamConfig, VitConfig } from "../config.ts";

export interface GoldenCases {
  readonly config: {
    readonly img: number;
    readonly dim: number;
    readonly depth: number;
    readonly heads: number;
    readonly window: number;
    readonly global: readonly number[];
    readonly mlp_ratio: number;
    readonly pdim: number;
    readonly mask_in: number;
    readonly ddepth: number;
    readonly dmlp: number;
    readonly dheads: number;
    readonly iouh: number;
  };
  readonly resize: readonly {
    readonly file: string;
    readonly target: number;
    readonly out: readonly [number, number];
    readonly out1024: readonly [number, number];
    readonly sha256_1024: string;
    readonly sum_1024: number;
  }[];
  readonly preprocess_shape_1024: readonly (readonly [number, number, number, number])[];
  readonly postprocess: readonly {
    readonly input_size: readonly [number, number];
    readonly original_size: readonly [number, number];
  }[];
  readonly predict: readonly {
    readonly name: string;
    readonly multimask: boolean;
    readonly point_coords: readonly (readonly [number, number])[];
    readonly point_labels: readonly number[];
    readonly box: readonly number[];
    readonly image: string;
  }[];
  readonly onnx: readonly {
    readonly key: string;
    readonly orig_im_size: readonly [number, number];
    readonly selected: number | null;
  }[];
}

export function configOf({ config }: GoldenCases): SamConfig & { readonly encoder: VitConfig } {
  return {
    kind: "sam",
    encoder: {
      kind: "vit",
      side: config.img,
      patch: 16,
      dim: config.dim,
      depth: config.depth,
      heads: config.heads,
      window: config.window,
      globalBlocks: config.global,
      mlpRatio: config.mlp_ratio,
    },
    dim: config.pdim,
    maskChannels: config.mask_in,
    decoder: {
      depth: config.ddepth,
      heads: config.dheads,
      mlpDim: config.dmlp,
      iouDim: config.iouh,
    },
  };
}

/** The tensors of a set, which remembers those that were looked at. */
export interface GoldenTensors {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Throws for a name that the set lacks. */
  get(name: string): NdArray;
  unused(): string[];
}

export function openGoldenTensors(folder: string): GoldenTensors {
  const tensors = readSafetensors(readFileSync(join(folder, "tensors.safetensors")));
  const used = new Set<string>();
  return {
    names: [...tensors.keys()],
    has: (name) => tensors.has(name),
    get(name) {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new Error(`the golden set has no tensor "${name}"`);
      used.add(name);
      return tensor;
    },
    unused: () => [...tensors.keys()].filter((name) => !used.has(name)),
  };
}
