import type { Device } from "../../engine/index.ts";
import { polyRate, type Schedule, warmup } from "../../engine/index.ts";
import type { SegmenterNetwork } from "../../models/segmenter/network.ts";

/** All that decides a training besides its data and its network. */
export interface SegmenterRecipe {
  /** Of the squares, px. */
  readonly side: number;
  /** Photos of a step. */
  readonly batch: number;
  readonly steps: number;
  readonly rate: number;
  /** Steps until the rate is reached. */
  readonly warmup: number;
  readonly weightDecay: number;
  /** How much faster SegFormer's head learns than its encoder. */
  readonly headRate: number;
  /** Of the averages of parameters; null keeps none. */
  readonly averageDecay: number | null;
  /** Steps between two validations. */
  readonly validateEvery: number;
}

export interface RecipeCircumstances {
  readonly kind: SegmenterNetwork["kind"];
  readonly device: Device;
  /** Photos to train on. */
  readonly photos: number;
  /** Whether SegFormer starts from weights that were trained before. */
  readonly isPretrained: boolean;
  /** Side of the squares where the encoder takes only one. */
  readonly exactSide: number | null;
}

/** Of the published 160,000 steps 1,500 are a warm-up. */
const WARMUP_SHARE = 0.01;
/** The published rate, for an encoder that knows ImageNet; random weights have nothing to lose. */
const PRETRAINED_RATE = 6e-5;
const RANDOM_RATE = 3e-4;
/** With it 120 steps on half of 49 VOC photos gave 20.0 % mIoU on the other half, and 8.4 % with 0.001. */
const LIGHT_RATE = 5e-3;
/** Decay of averages, as TensorFlow's documentation has it. */
export const AVERAGE_DECAY = 0.999;

/**
 * A recipe with what is said, and else: on a GPU squares of 512 px and 16 photos a step, as published; on a CPU 256 px (below a light head, which
 * is cheaper, 384) and 4 photos. SegFormer sees each photo 100 times and a light head 40 times, in no fewer than 500 and 300 steps, and no more
 * than 4,000 and 2,000 on a CPU, 40,000 and 10,000 on a GPU. The warm-up is a hundredth of the steps, and there are ten validations.
 */
export function completeRecipe(
  { kind, device, photos, isPretrained, exactSide }: RecipeCircumstances,
  said: Partial<SegmenterRecipe>,
): SegmenterRecipe {
  const [isCpu, isLight] = [device === "cpu", kind === "light"];
  const [views, least, most] = isLight ? [40, 300, isCpu ? 2000 : 10_000] : [100, 500, isCpu ? 4000 : 40_000];
  const { batch = isCpu ? 4 : 16 } = said;
  const { steps = Math.min(Math.max(Math.ceil((views * photos) / batch), least), most) } = said;
  return {
    side: exactSide ?? (isCpu ? (isLight ? 384 : 256) : 512),
    batch,
    steps,
    rate: isLight ? LIGHT_RATE : isPretrained ? PRETRAINED_RATE : RANDOM_RATE,
    warmup: Math.ceil(WARMUP_SHARE * steps),
    weightDecay: 0.01,
    headRate: 10,
    averageDecay: null,
    validateEvery: Math.ceil(steps / 10),
    ...said,
  };
}

/**
 * The learning rate: up to `rate` in a straight line, then down to 0 in another (poly with power 1).
 *
 * @see NVlabs/SegFormer, `local_configs/segformer/B0/segformer.b0.512x512.ade.160k.py`, lr_config
 */
export function recipeSchedule({ rate, steps, warmup: first }: SegmenterRecipe): Schedule {
  const falling = polyRate(rate, steps, { power: 1 });
  return first === 0 ? falling : warmup(falling, first, 1e-6);
}
