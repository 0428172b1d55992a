import type { NdArray } from "../../core/array.ts";
import {
  type Arrays,
  compile,
  createExecutableCache,
  createGraph,
  type Executable,
  frozenWeights,
  type Graph,
  gather,
  input,
  matmul,
  type Precision,
  type Runtime,
  type Tensor,
  type WeightFile,
} from "../../engine/index.ts";
import type { Weights } from "../sam/weights.ts";
import type { ClipConfig } from "./config.ts";
import { encodeBranches } from "./text.ts";
import type { TextBranches } from "./text-branches.ts";
import { clipNorm } from "./transformer.ts";
import { averageLast, embedPatches, encodeTokens } from "./vision.ts";

type Floats = NdArray<"float32">;

/** CLIP's networks on arrays, each compiled when it is first used and kept as long as it fits. */
export interface ClipNetworks {
  /** [1, 3, H, W] to [1, T, D] */
  embedPatches(pixels: Floats): Promise<Floats>;
  /** [1, T, D], through all blocks. */
  encodeTokens(stem: Floats, attentionBlocks: number | null): Promise<TokenArrays>;
  /** [n] to [n, D] */
  lookUp(ids: NdArray<"int32">): Promise<Floats>;
  /** Texts whose rows are those of `vectors` [v, D], to [G, E]. */
  encodeTexts(vectors: Floats, branches: TextBranches): Promise<Floats>;
  /** Frees what was compiled; a later use compiles again. */
  dispose(): Promise<void>;
}

export interface TokenArrays {
  /** [1, T, E] */
  readonly embeddings: Floats;
  /** [1, T, D], the input of the last block. */
  readonly before: Floats;
  /** [1, T, D], its first norm. */
  readonly activation: Floats;
  /** [1, T, T] */
  readonly attention?: Floats;
}

export interface ClipNetworkOptions {
  /** Where the weight file lies, so that large weights are mapped into memory from there instead of read. */
  readonly stored?: { readonly folder: string; readonly name: string };
  /**
   * What to compute with. "float16" is for all networks; "int8" for the blocks that read pictures, which have nearly all of the work. Weights
   * are then read into memory. Default "float32".
   */
  readonly precision?: Precision;
  /** Bytes that compiled networks may hold; one for each set of texts' lengths, one for pictures. Default 2 GB. */
  readonly networkBytes?: number;
}

/** Tokens up to which one network serves all pictures: at 12 heads their scores take 200 MB, and the work is the same without blocks. */
const SMALL_TOKENS = 2048;
/** Queries at once in the networks for larger pictures. */
const QUERY_BLOCK = 256;

type Outputs<N extends string> = (weights: Weights, graph: Graph) => Readonly<Record<N, Tensor>>;

/** @param file  with the tensors of the configuration by their official names, see `clipWeights` */
export function openNetworks(
  file: WeightFile,
  config: ClipConfig,
  runtime: Runtime,
  { stored, precision = "float32", networkBytes = 2e9 }: ClipNetworkOptions = {},
): ClipNetworks {
  const cache = createExecutableCache(networkBytes);
  const build = <N extends string>(outputs: Outputs<N>, own: Precision): Promise<Executable<N>> => {
    const graph = createGraph();
    // Weights in their file stay as they are there.
    if (stored === undefined || own !== "float32")
      return compile(outputs(frozenWeights(graph, file), graph), runtime, { precision: own });
    const weights = frozenWeights(graph, file, { location: stored.name });
    return compile(outputs(weights, graph), runtime, { folder: stored.folder });
  };
  const run = <N extends string>(
    key: string,
    outputs: Outputs<N>,
    feeds: Arrays,
    own: Precision = precision === "int8" ? "float32" : precision,
  ): Promise<Readonly<Record<N, Floats>>> =>
    cache.use(
      key,
      () => build(outputs, own),
      async (executable) => (await executable.run(feeds)) as Readonly<Record<N, Floats>>,
    );
  const { vision, text } = config;

  return {
    async embedPatches(pixels) {
      const outputs: Outputs<"stem"> = (weights, graph) => ({
        stem: embedPatches(weights, input(graph, "pixels", pixels.shape), config),
      });
      return (await run(`patches [${pixels.shape}]`, outputs, { pixels })).stem;
    },
    async encodeTokens(stem, attentionBlocks) {
      const [, count] = stem.shape;
      const isSmall = count <= SMALL_TOKENS;
      const outputs: Outputs<string> = (weights, graph) => {
        const x = input(graph, "stem", [1, isSmall ? "tokens" : count, vision.dim]);
        const options = isSmall ? {} : { queryBlock: QUERY_BLOCK };
        const { blocks, attention, activation } = encodeTokens(weights, x, config, options);
        const normed = clipNorm(weights, "visual.ln_post", blocks[blocks.length - 1]);
        return {
          embeddings: matmul(normed, weights("visual.proj")),
          before: blocks[blocks.length - 2] ?? x,
          activation,
          ...(attentionBlocks === null ? {} : { attention: averageLast(attention, attentionBlocks) }),
        };
      };
      const key = `tokens ${isSmall ? "" : count} attention ${attentionBlocks}`;
      return (await run(key, outputs, { stem }, precision)) as unknown as TokenArrays;
    },
    async lookUp(ids) {
      const outputs: Outputs<"vectors"> = (weights, graph) => ({
        vectors: gather(weights("token_embedding.weight"), input(graph, "ids", ["n"], "int32")),
      });
      return (await run("vectors", outputs, { ids })).vectors;
    },
    async encodeTexts(vectors, { prefix, groups, ...rows }) {
      const feeds: Arrays = {
        vectors,
        rows: ints(rows.vectors),
        positions: ints(rows.positions),
        ends: ints(rows.ends),
      };
      const outputs: Outputs<"features"> = (weights, graph) => {
        const table = input(graph, "vectors", ["v", text.dim]);
        const tensors = {
          vectors: input(graph, "rows", feeds.rows.shape, "int32"),
          positions: input(graph, "positions", feeds.positions.shape, "int32"),
          ends: input(graph, "ends", feeds.ends.shape, "int32"),
        };
        return { features: encodeBranches(weights, table, { prefix, groups, ...tensors }, config) };
      };
      const key = groups.map(({ count, length }) => `${count}×${length}`).join(" ");
      return (await run(`texts ${prefix} ${key}`, outputs, feeds)).features;
    },
    dispose: () => cache.clear(),
  };
}

function ints(data: Int32Array): NdArray<"int32"> {
  return { dtype: "int32", shape: [data.length], data };
}
