import type { NdArray } from "../../core/array.ts";
import { type Random, random } from "../../core/random.ts";
import type { Arrays } from "../../engine/index.ts";
import type { SegmenterNetwork } from "../../models/segmenter/network.ts";

/** Chance of the last block's branches to be left out; it rises to that from 0 at the first block. @see Xie et al. 2021, published code */
const PATH_RATE = 0.1;
/** Chance of each of the head's channels. @see mmsegmentation, `SegformerHead`, dropout_ratio */
const CHANNEL_RATE = 0.1;

/**
 * What a step leaves out by chance: of each picture whole branches of SegFormer (stochastic depth) and channels of the head (dropout). What
 * stays is scaled up to the same mean. Factors are fed, so that a step depends on its seed alone.
 *
 * @returns  `branches` [2 · blocks, B] for SegFormer, `channels` [B, D, 1, 1]
 */
export function drawDrops(network: SegmenterNetwork, batch: number, seed: string): Arrays {
  const chance = random(seed);
  const dim = headChannels(network);
  const channels = factors([batch, dim, 1, 1], chance, () => CHANNEL_RATE);
  if (network.kind === "light") return { channels };
  const count = branchCount(network);
  const blocks = count / 2;
  const rateOf = (index: number): number => {
    const block = Math.floor(index / batch / 2);
    return blocks === 1 ? 0 : (PATH_RATE * block) / (blocks - 1);
  };
  return { channels, branches: factors([count, batch], chance, rateOf) };
}

/** 0 with the chance given for each element, 1 / (1 − chance) else. */
function factors(
  shape: readonly number[],
  { next }: Random,
  rateOf: (index: number) => number,
): NdArray<"float32"> {
  const length = shape.reduce((product, side) => product * side, 1);
  const data = Float32Array.from({ length }, (_, k) => {
    const rate = rateOf(k);
    return next() < rate ? 0 : 1 / (1 - rate);
  });
  return { dtype: "float32", shape, data };
}

/**
 * How far averages move towards the parameters at a step: fast at the beginning, so that they forget it, 1 − decay in the long run.
 *
 * @see TensorFlow's ExponentialMovingAverage, `num_updates`
 */
export function blendOf(step: number, decay: number): number {
  return 1 - Math.min(decay, (1 + step) / (10 + step));
}

/** Branches beside SegFormer's stem: two a block. */
export function branchCount(network: SegmenterNetwork): number {
  return network.kind === "light" ? 0 : 2 * network.config.depths.reduce((sum, depth) => sum + depth, 0);
}

/** Channels before the classifier. */
export function headChannels(network: SegmenterNetwork): number {
  return network.kind === "light" ? network.config.dim : network.config.decoderDim;
}
