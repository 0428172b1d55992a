import type { NdArray } from "../../core/array.ts";
import {
  compile,
  createGraph,
  type Executable,
  frozenWeights,
  input,
  type Runtime,
  type WeightFile,
} from "../../engine/index.ts";
import type { PrompterConfig } from "./config.ts";
import { promptParts } from "./prompter.ts";
import { prompterWeights } from "./weights.ts";

/** A trained prompter. */
export interface Prompter {
  readonly config: PrompterConfig;
  /**
   * What each query says of one picture.
   *
   * @param features  [1, C, g, g], an embedding
   * @returns         logits [Q, classes + 1] and tokens [Q, T, C]
   * @throws MaskwrightError SHAPE_MISMATCH for an embedding of another model
   */
  prompt(features: NdArray<"float32">): Promise<PromptedQueries>;
  /** Frees the network; a later call compiles it again. */
  dispose(): Promise<void>;
}

export interface PromptedQueries {
  readonly logits: NdArray<"float32">;
  readonly tokens: NdArray<"float32">;
}

/**
 * A prompter of stored weights, compiled when it is first used.
 *
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH when the file's tensors are not those of the configuration
 */
export function createPrompter(file: WeightFile, config: PrompterConfig, runtime: Runtime): Prompter {
  const official = prompterWeights(file, config);
  const { channels, grid, queries, tokens, classes } = config;
  let compiled: Promise<Executable<"logits" | "tokens">> | null = null;
  const open = (): Promise<Executable<"logits" | "tokens">> => {
    if (compiled !== null) return compiled;
    const graph = createGraph();
    const features = input(graph, "features", [1, channels, grid, grid]);
    compiled = compile({ ...promptParts(frozenWeights(graph, official), features, config) }, runtime);
    // What cannot be compiled is not kept: the next use tries again.
    compiled.catch(() => {
      compiled = null;
    });
    return compiled;
  };
  return {
    config,
    async prompt(features) {
      const results = await (await open()).run({ features });
      return {
        logits: { ...(results.logits as NdArray<"float32">), shape: [queries, classes + 1] },
        tokens: { ...(results.tokens as NdArray<"float32">), shape: [queries, tokens, channels] },
      };
    },
    async dispose() {
      const network = compiled;
      compiled = null;
      await (await network)?.dispose();
    },
  };
}
