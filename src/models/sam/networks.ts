import type { NdArray } from "../../core/array.ts";
import {
  type Arrays,
  compile,
  createExecutableCache,
  createGraph,
  type Executable,
  frozenWeights,
  type Graph,
  input,
  type Precision,
  type Runtime,
  type Tensor,
  type WeightFile,
} from "../../engine/index.ts";
import type { FineMaps } from "./fine-maps.ts";
import type { Floats } from "./floats.ts";
import type { SamDesign } from "./sam-design.ts";
import type { ImageSide } from "./transformer.ts";
import type { Weights } from "./weights.ts";

/** What the first decoder layer makes of an image, see `prepareImage`. */
export type PreparedImage = Readonly<Record<keyof ImageSide, Floats>>;
/** Finer maps by their names, none for most models; see `FineMaps`. */
export type FineArrays = Readonly<Partial<Record<keyof FineMaps, Floats>>>;
/** The image that a batch of prompts is about: the same for all, or its features with a mask [B, 1, 4g, 4g] for each. */
export type DecoderImage = FineArrays &
  (PreparedImage | { readonly features: Floats; readonly mask: Floats });

/** A design's networks on arrays, each compiled when it is first used. */
export interface SamNetworks {
  /** [1, 3, S, S] to features [1, C, g, g], and finer maps where the model has them */
  encodeImage(pixels: Floats): Promise<{ readonly features: Floats } & FineArrays>;
  /** [1, C, g, g] */
  prepareImage(features: Floats): Promise<PreparedImage>;
  /** [N, 2] and [N] to [N, C] */
  encodePoints(points: Floats, kinds: NdArray<"int32">): Promise<Floats>;
  /** [B, n, C] to [B, 4, 4g, 4g] and [B, 4] */
  decode(image: DecoderImage, sparse: Floats): Promise<Decoded>;
  /** As `decode` up to the masks, see `decodeTokens`: [B, P, C], [B, 4, c] and [B, 4]. */
  decodeTokens(image: DecoderImage, sparse: Floats): Promise<Undrawn>;
  /** [1, P, C], [1, M, c] and [1, n, C] to [1, M, 4g, 4g] */
  drawMasks(cells: Floats, filters: Floats, sparse: Floats, fine: FineArrays): Promise<Floats>;
  /** Frees what was compiled; a later use compiles again. */
  dispose(): Promise<void>;
}

export interface Decoded {
  readonly masks: Floats;
  readonly predictedIou: Floats;
}

/** What `decodeTokens` gives; the image's cells have a name of their own, as one of its inputs has theirs. */
export interface Undrawn {
  readonly cells: Floats;
  readonly filters: Floats;
  readonly predictedIou: Floats;
}

export interface NetworkOptions {
  /** Where the weight file lies, so that large weights are mapped into memory from there instead of read. */
  readonly stored?: { readonly folder: string; readonly name: string };
  /**
   * What to compute with. "float16" is for all networks; "int8" for the one that reads pictures, which has nearly all of the work. Weights
   * are then read into memory, so no more than 2 GB of them. Default "float32".
   */
  readonly precision?: Precision;
  /** Bytes that compiled decoders may hold; there is one for each number of tokens and prompts in use. Default 2 GB. */
  readonly decoderBytes?: number;
}

type Outputs<N extends string> = (weights: Weights, graph: Graph) => Readonly<Record<N, Tensor>>;

/** @param file  the design's tensors by their official names, see `samWeights` */
export function openNetworks(
  file: WeightFile,
  design: SamDesign,
  runtime: Runtime,
  { stored, precision = "float32", decoderBytes = 2e9 }: NetworkOptions = {},
): SamNetworks {
  const { dim, grid, filterLength } = design;
  const build = <N extends string>(network: string, outputs: Outputs<N>): Promise<Executable<N>> => {
    const own = precision === "int8" && network !== "image" ? "float32" : precision;
    const graph = createGraph();
    // Weights in their file stay as they are there.
    if (stored === undefined || own !== "float32")
      return compile(outputs(frozenWeights(graph, file), graph), runtime, { precision: own });
    const weights = frozenWeights(graph, file, { location: stored.name });
    return compile(outputs(weights, graph), runtime, { folder: stored.folder });
  };

  const lasting = new Map<string, Promise<Executable>>();
  const decoders = createExecutableCache(decoderBytes);
  /** A network of which there is one, and which stays. */
  const runLasting = async <N extends string>(
    name: string,
    outputs: Outputs<N>,
    feeds: Arrays,
  ): Promise<Readonly<Record<N, Floats>>> => {
    const known = lasting.get(name);
    const executable = known ?? build(name, outputs);
    if (known === undefined) {
      lasting.set(name, executable);
      // What cannot be compiled is not kept: the next use tries again.
      executable.catch(() => lasting.delete(name));
    }
    return (await (await executable).run(feeds)) as Readonly<Record<N, Floats>>;
  };
  /** A network that is compiled for each shape of its inputs. */
  const runDecoder = <N extends string>(
    name: string,
    image: DecoderImage,
    sparse: Floats,
    outputs: (
      weights: Weights,
      side: ImageSide,
      sparse: Tensor,
      fine: FineMaps | undefined,
    ) => Readonly<Record<N, Tensor>>,
  ): Promise<Readonly<Record<N, Floats>>> => {
    const feeds: Readonly<Record<string, Floats>> = { ...image, sparse };
    const shapes = Object.entries(feeds).map(([input, { shape }]) => `${input} [${shape}]`);
    return decoders.use(
      `${name}: ${shapes}`,
      () =>
        build(name, (weights, graph) => {
          const inputs: Record<string, Tensor> = {};
          for (const [name, { shape }] of Object.entries(feeds)) inputs[name] = input(graph, name, shape);
          const side =
            "mask" in inputs
              ? design.prepareImage(weights, inputs.features, inputs.mask)
              : (inputs as unknown as ImageSide);
          return outputs(weights, side, inputs.sparse, fineOf(inputs));
        }),
      async (executable) => {
        // A prompt of no tokens is no input, nor are finer maps where nothing is drawn.
        const used = executable.inputs.map(({ name }) => [name, feeds[name]]);
        return (await executable.run(Object.fromEntries(used))) as Readonly<Record<N, Floats>>;
      },
    );
  };

  return {
    async encodeImage(pixels) {
      const encode: Outputs<"features"> = (weights, graph) => {
        const { features, fine } = design.encodeImage(weights, input(graph, "pixels", pixels.shape));
        return { features, ...fine };
      };
      return await runLasting("image", encode, { pixels });
    },
    prepareImage: (features) =>
      runLasting(
        "prepare",
        (weights, graph) => {
          const x = input(graph, "features", [1, dim, grid, grid]);
          return { ...design.prepareImage(weights, x, null) };
        },
        { features },
      ),
    async encodePoints(points, kinds) {
      const encode: Outputs<"tokens"> = (weights, graph) => {
        const [x, kind] = [input(graph, "points", ["n", 2]), input(graph, "kinds", ["n"], "int32")];
        return { tokens: design.encodePoints(weights, x, kind) };
      };
      return (await runLasting("points", encode, { points, kinds })).tokens;
    },
    decode: (image, sparse) =>
      runDecoder("masks", image, sparse, (weights, side, tokens, fine) => {
        const { image: cells, filters, predictedIou } = design.decodeTokens(weights, side, tokens);
        return { masks: design.drawMasks(weights, cells, filters, { fine, sparse: tokens }), predictedIou };
      }),
    decodeTokens: (image, sparse) =>
      runDecoder("tokens", image, sparse, (weights, side, tokens) => {
        const { image: cells, ...rest } = design.decodeTokens(weights, side, tokens);
        return { cells, ...rest };
      }),
    async drawMasks(cells, filters, sparse, fine) {
      const prompt: Record<string, Floats> = design.drawsPlaces && sparse.shape[1] > 0 ? { sparse } : {};
      const draw: Outputs<"masks"> = (weights, graph) => {
        const image = input(graph, "cells", cells.shape);
        const own = input(graph, "filters", [1, "masks", filterLength]);
        const maps: Record<string, Tensor> = {};
        for (const [name, { shape }] of Object.entries(fine)) maps[name] = input(graph, name, shape);
        const tokens = prompt.sparse && input(graph, "sparse", prompt.sparse.shape);
        return { masks: design.drawMasks(weights, image, own, { fine: fineOf(maps), sparse: tokens }) };
      };
      const name = `draw ${prompt.sparse?.shape[1] ?? ""}`;
      return (await runLasting(name, draw, { cells, filters, ...prompt, ...fine })).masks;
    },
    async dispose() {
      const networks = [...lasting.values()];
      lasting.clear();
      for (const network of networks) await (await network).dispose();
      await decoders.clear();
    },
  };
}

function fineOf({ eighth, quarter, keys }: Readonly<Record<string, Tensor>>): FineMaps | undefined {
  return eighth === undefined || quarter === undefined || keys === undefined
    ? undefined
    : { eighth, quarter, keys };
}
