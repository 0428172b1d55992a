import { add, cast, constant, mul, type Tensor } from "../../engine/index.ts";

/** What becomes of a level of red, green or blue from 0 to 255: (level / 255 − mean) / deviation. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** The one that SegFormer's published weights have: of ImageNet's pictures. */
export const imageNetNormalization: Normalization = {
  mean: [0.485, 0.456, 0.406],
  deviation: [0.229, 0.224, 0.225],
};

/** Levels as a network takes them. @param pixels  [B, 3, H, W], from 0 to 255, bytes or floats */
export function normalizePixels(pixels: Tensor, { mean, deviation }: Normalization): Tensor {
  const channels = (values: readonly number[]): Tensor =>
    constant(pixels.graph, Float64Array.from(values), { shape: [1, 3, 1, 1], dtype: "float32" });
  const factors = deviation.map((each) => 1 / (255 * each));
  const shifts = mean.map((each, c) => -each / deviation[c]);
  return add(mul(cast(pixels, "float32"), channels(factors)), channels(shifts));
}
