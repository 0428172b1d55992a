import type { Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import {
  compile,
  createExecutableCache,
  createGraph,
  frozenWeights,
  input,
  type Precision,
  type Runtime,
  type WeightFile,
} from "../../engine/index.ts";
import type { FrozenEncoder } from "../../models/segmenter/frozen-encoder.ts";
import { type SegmenterNetwork, segmentPixels } from "../../models/segmenter/network.ts";
import type { Normalization } from "../../models/segmenter/normalization.ts";

/** What a network computes with, apart from the graph it is put into. */
export interface SegmenterModel {
  readonly network: SegmenterNetwork;
  /** The trained tensors. */
  readonly weights: WeightFile;
  /** Null for SegFormer. */
  readonly encoder: FrozenEncoder | null;
  readonly normalization: Normalization;
}

/** Logits on a network's grid over a picture, [C, h, w]. */
export interface LogitGrid extends Size {
  readonly data: Float32Array;
  /** Side of the square of pixels that a position stands for. */
  readonly stride: number;
}

/** Which sides a network takes; a picture is padded to the next ones. */
export type NetworkSides = FrozenEncoder["sides"];

/** A network that names the class of each pixel, open. */
export interface PixelClassifier {
  readonly channels: number;
  readonly sides: NetworkSides;
  /** Of a picture no larger than the network takes, at its own size. */
  classify(image: RgbImage): Promise<LogitGrid>;
  /** Frees what was compiled; a later use compiles again. */
  dispose(): Promise<void>;
}

/** Bytes that compiled networks may hold; there is one for each size of pictures in use. */
const CACHE_BYTES = 512e6;

export interface PixelClassifierOptions {
  readonly precision?: Precision;
  /** Where an encoder's weights lie that are not read into memory. */
  readonly folder?: string;
}

/**
 * Opens a network for pictures of any size, padded to the multiples that it takes with the color that is zero after normalization, below and to the
 * right. Positions that see nothing but padding are dropped.
 */
export function createPixelClassifier(
  model: SegmenterModel,
  runtime: Runtime,
  options: PixelClassifierOptions = {},
): PixelClassifier {
  const { network, normalization } = model;
  const networks = createExecutableCache(CACHE_BYTES);
  const channels = network.config.classes;
  const sides = sidesOf(model);
  return {
    channels,
    sides,
    async classify(image) {
      const size = paddedSize(image, sides);
      const shape = [1, 3, size.height, size.width];
      const pixels = { dtype: "float32", shape, data: padPixels(image, size, normalization) } as const;
      const build = () => compile({ logits: networkLogits(model, shape) }, runtime, options);
      return await networks.use(`${size.height}x${size.width}`, build, async (executable) => {
        const { logits } = await executable.run({ pixels });
        return cutGrid(logits.data as Float32Array, logits.shape, size, image);
      });
    },
    dispose: () => networks.clear(),
  };
}

/** The graph from "pixels", levels from 0 to 255, to logits. @param shape  [1, 3, H, W] */
function networkLogits(model: SegmenterModel, shape: readonly number[]) {
  const { network, weights, encoder, normalization } = model;
  const graph = createGraph();
  const parts = { weights: frozenWeights(graph, weights), encoder, normalization };
  return segmentPixels(network, parts, input(graph, "pixels", shape));
}

/** SegFormer halves its grid five times. */
const SEGFORMER_SIDES: NetworkSides = { kind: "multiple", step: 32 };

export function sidesOf({ encoder }: Pick<SegmenterModel, "encoder">): NetworkSides {
  return encoder?.sides ?? SEGFORMER_SIDES;
}

/** The smallest size that a network takes a picture in. */
export function paddedSize({ height, width }: Size, { step }: NetworkSides): Size {
  const pad = (side: number): number => Math.ceil(side / step) * step;
  return { height: pad(height), width: pad(width) };
}

/** [3, H, W] from [h, w, 3] */
function padPixels(image: RgbImage, { height, width }: Size, { mean }: Normalization): Float32Array {
  const { height: rows, width: columns, data } = image;
  const area = height * width;
  const pixels = new Float32Array(3 * area);
  for (let c = 0; c < 3; c++) {
    if (rows < height || columns < width) pixels.fill(255 * mean[c], c * area, (c + 1) * area);
    for (let i = 0, from = c; i < rows; i++)
      for (let at = c * area + i * width, end = at + columns; at < end; at++, from += 3)
        pixels[at] = data[from];
  }
  return pixels;
}

/** The positions that see something of the picture. */
function cutGrid(data: Float32Array, shape: readonly number[], padded: Size, image: Size): LogitGrid {
  const [, channels, rows, columns] = shape;
  const stride = padded.height / rows;
  const [height, width] = [Math.ceil(image.height / stride), Math.ceil(image.width / stride)];
  if (height === rows && width === columns) return { height, width, data, stride };
  const kept = new Float32Array(channels * height * width);
  for (let c = 0, at = 0; c < channels; c++)
    for (let i = 0; i < height; i++, at += width) {
      const from = (c * rows + i) * columns;
      kept.set(data.subarray(from, from + width), at);
    }
  return { height, width, data: kept, stride };
}
