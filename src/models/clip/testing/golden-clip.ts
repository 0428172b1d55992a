import { readFileSync } from "node:fs";
import { join } from "node:path";
import { elementCount, type NdArray } from "../../../core/array.ts";
import { readSafetensors } from "../../../core/safetensors.ts";
import type { StoredTensor, WeightFile } from "../../../engine/index.ts";
import { openWeightFile } from "../../../engine/node.ts";
import type { ClipConfig } from "../config.ts";

export interface GoldenCases {
  readonly config: {
    readonly embed_dim: number;
    readonly image_resolution: number;
    readonly vision_layers: number;
    readonly vision_width: number;
    readonly vision_patch_size: number;
    readonly context_length: number;
    readonly vocab_size: number;
    readonly transformer_width: number;
    readonly transformer_heads: number;
    readonly transformer_layers: number;
  };
  readonly logit_scale: string;
  readonly text: Readonly<Record<string, GoldenText>>;
}

export interface GoldenText {
  readonly names: readonly string[];
  readonly csc: boolean | readonly number[];
  readonly n_ctx: number;
  readonly layout: "end" | "front" | "middle";
  readonly name_lens: readonly number[];
}

export interface GoldenTokens {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
  /** A note instead where the ids say it all. */
  readonly tokenize_77: readonly number[] | string;
  /** The last three, when cut. */
  readonly tokenize_77_truncate_tail: readonly number[];
  readonly cleaned: string;
  readonly fix_text_changes_input: boolean;
}

export function configOf({ config }: Pick<GoldenCases, "config">): ClipConfig {
  return {
    vision: {
      side: config.image_resolution,
      patch: config.vision_patch_size,
      dim: config.vision_width,
      depth: config.vision_layers,
      heads: Math.floor(config.vision_width / 64),
    },
    text: {
      context: config.context_length,
      vocabulary: config.vocab_size,
      dim: config.transformer_width,
      depth: config.transformer_layers,
      heads: config.transformer_heads,
    },
    dim: config.embed_dim,
  };
}

/** The set's weights, with its rows of the token table at their places in a whole one of zeros. */
export function openGoldenWeights(folder: string): WeightFile & { close(): void } {
  const file = openWeightFile(join(folder, "weights.safetensors"));
  const { config } = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) as GoldenCases;
  const read = (name: string): NdArray => {
    const stored = file.tensors.get(name);
    if (stored === undefined) throw new Error(`the golden weights have no "${name}"`);
    return stored.read();
  };
  const shape = [config.vocab_size, config.transformer_width];
  const table: StoredTensor = {
    dtype: "float32",
    shape,
    range: null,
    read() {
      const data = new Float32Array(elementCount(shape));
      const rows = read("token_embedding.rows").data as Float32Array;
      (read("token_embedding.row_ids").data as Int32Array).forEach((id, row) => {
        data.set(rows.subarray(row * shape[1], (row + 1) * shape[1]), id * shape[1]);
      });
      return { dtype: "float32", shape, data };
    },
  };
  const tensors = new Map<string, StoredTensor>([...file.tensors, ["token_embedding.weight", table]]);
  return { ...file, tensors };
}

/** The tensors of a set, which remembers those that were looked at. */
export interface GoldenTensors {
  readonly names: readonly string[];
  /** Throws for a name that the set lacks. */
  get(name: string): NdArray;
  unused(): string[];
}

export function openGoldenTensors(folder: string): GoldenTensors {
  const tensors = readSafetensors(readFileSync(join(folder, "tensors.safetensors")));
  const used = new Set<string>();
  return {
    names: [...tensors.keys()],
    get(name) {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new Error(`the golden set has no tensor "${name}"`);
      used.add(name);
      return tensor;
    },
    unused: () => [...tensors.keys()].filter((name) => !used.has(name)),
  };
}
