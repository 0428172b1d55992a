import type { ClassMaps, Probs } from "./class-maps.ts";
import { badFormat, invalid, shapeMismatch } from "./error.ts";
import { formatSize, isSameSize } from "./geometry.ts";
import type { RgbImage } from "./image.ts";
import { checkSize } from "./limits.ts";
import { buildLattice, filterLattice, type Lattice } from "./permutohedral.ts";

export interface CrfOptions {
  /** Mean-field iterations. */
  readonly iterations: number;
  /** Pixels near each other like the same class: weight, and deviation in px. */
  readonly smoothness: { readonly weight: number; readonly distance: number };
  /** Pixels near each other and of like color do: weight, deviations in px and in steps of 8-bit color. */
  readonly appearance: { readonly weight: number; readonly distance: number; readonly color: number };
}

/** What CLIP-ES and FMA-WSSS refine CAMs with. */
export const clipEsCrf: CrfOptions = {
  iterations: 10,
  smoothness: { weight: 3, distance: 1 },
  appearance: { weight: 4, distance: 67, color: 3 },
};

/** What DeepLab's predictions on VOC are refined with, as FMA-WSSS has it. */
export const deeplabCrf: CrfOptions = {
  iterations: 10,
  smoothness: { weight: 2, distance: 2 },
  appearance: { weight: 4, distance: 65, color: 3 },
};

/** Pixels of the largest picture: its lattice takes about a gigabyte. */
const MAX_CRF_PIXELS = 8_000_000;
/** No class is impossible: scores below count as this. */
const LEAST_SCORE = 1e-5;

/**
 * Scores refined by a fully connected CRF: pixels near each other, and more so those of like color, are drawn to one class.
 * Mean field; the pairwise sums are filters on a permutohedral lattice, normalized symmetrically, classes differ or not (Potts).
 *
 * @param image   [H, W, 3], 8 bits, as it is: colors are not normalized
 * @param scores  [C, H, W] in [0, 1], the background among the classes; they need not sum to 1
 * @returns       probabilities of the same classes; they sum to 1 at each pixel
 * @throws MaskwrightError SHAPE_MISMATCH if image and scores differ in size; INVALID_ARGUMENT for an option out of range;
 *         BAD_FORMAT above 8 megapixels
 * @see Krähenbühl and Koltun 2011; its code, and pydensecrf with `unary_from_softmax`, whose filter is the same
 */
export function refineByCrf(
  image: RgbImage,
  scores: ClassMaps<"score" | "prob">,
  options: CrfOptions = clipEsCrf,
): Probs {
  const { classes, height, width } = scores;
  checkSize("refineByCrf: image", image);
  if (!isSameSize(image, scores))
    throw shapeMismatch("refineByCrf: scores", `${formatSize(image)} like the image`, formatSize(scores));
  const pixelCount = height * width;
  if (pixelCount > MAX_CRF_PIXELS) {
    const hint = "scale the picture down, or cut it into tiles";
    throw badFormat("refineByCrf", `at most ${MAX_CRF_PIXELS} pixels`, formatSize(image), hint);
  }
  checkOptions(options);
  const { iterations, smoothness, appearance } = options;
  const channels = classes.length;
  const result = { kind: "prob", classes, height, width } as const;
  if (channels === 0) return { ...result, data: new Float32Array(0) };

  const filters = [
    createFilter(buildLattice(positions(image, smoothness.distance), 2), pixelCount, smoothness.weight),
    createFilter(
      buildLattice(colors(image, appearance.distance, appearance.color), 5),
      pixelCount,
      appearance.weight,
    ),
  ];
  // Pixel by pixel: a pixel's classes lie together, as the filters take them.
  const evidence = new Float32Array(pixelCount * channels);
  for (let c = 0, q = 0; c < channels; c++)
    for (let p = 0; p < pixelCount; p++, q++)
      evidence[p * channels + c] = Math.log(Math.min(Math.max(scores.data[q], LEAST_SCORE), 1));
  let beliefs = softmaxRows(evidence, channels);
  for (let k = 0; k < iterations; k++) {
    const sums = evidence.slice();
    for (const filter of filters) {
      const messages = filter(beliefs, channels);
      for (let q = 0; q < sums.length; q++) sums[q] += messages[q];
    }
    beliefs = softmaxRows(sums, channels);
  }
  const data = new Float32Array(beliefs.length);
  for (let c = 0, q = 0; c < channels; c++)
    for (let p = 0; p < pixelCount; p++, q++) data[q] = beliefs[p * channels + c];
  return { ...result, data };
}

/** weight · N^½ K N^½ with K the Gaussian filter and N its row sums' reciprocals. */
function createFilter(
  lattice: Lattice,
  pixelCount: number,
  weight: number,
): (values: Float32Array, channels: number) => Float32Array {
  const sums = filterLattice(lattice, new Float32Array(pixelCount).fill(1), 1);
  const norms = sums.map((sum) => 1 / Math.sqrt(sum));
  return (values, channels) => {
    const scaled = values.map((value, q) => value * norms[Math.floor(q / channels)]);
    const filtered = filterLattice(lattice, scaled, channels);
    for (let q = 0; q < filtered.length; q++) filtered[q] *= weight * norms[Math.floor(q / channels)];
    return filtered;
  };
}

/** [H·W, 2] */
function positions({ height, width }: RgbImage, distance: number): Float32Array {
  const features = new Float32Array(height * width * 2);
  for (let i = 0, at = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      features[at++] = j / distance;
      features[at++] = i / distance;
    }
  return features;
}

/** [H·W, 5] */
function colors({ height, width, data }: RgbImage, distance: number, color: number): Float32Array {
  const features = new Float32Array(height * width * 5);
  for (let i = 0, at = 0, p = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      features[at++] = j / distance;
      features[at++] = i / distance;
      for (let c = 0; c < 3; c++) features[at++] = data[p++] / color;
    }
  return features;
}

function softmaxRows(values: Float32Array, channels: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += channels) {
    let high = Number.NEGATIVE_INFINITY;
    for (let q = start; q < start + channels; q++) if (values[q] > high) high = values[q];
    let sum = 0;
    for (let q = start; q < start + channels; q++) sum += result[q] = Math.exp(values[q] - high);
    for (let q = start; q < start + channels; q++) result[q] /= sum;
  }
  return result;
}

function checkOptions({ iterations, smoothness, appearance }: CrfOptions): void {
  if (!(Number.isInteger(iterations) && iterations >= 0 && iterations <= 1000))
    throw invalid("refineByCrf: iterations", "an integer from 0 to 1000", iterations);
  for (const [name, weight] of [
    ["smoothness", smoothness.weight],
    ["appearance", appearance.weight],
  ] as const)
    if (!(weight >= 0 && Number.isFinite(weight)))
      throw invalid(`refineByCrf: ${name}.weight`, "a number >= 0", weight);
  // Below, coordinates of the lattice would leave 32 bits.
  for (const [name, deviation] of [
    ["smoothness.distance", smoothness.distance],
    ["appearance.distance", appearance.distance],
    ["appearance.color", appearance.color],
  ] as const)
    if (!(deviation >= 0.01 && Number.isFinite(deviation)))
      throw invalid(`refineByCrf: ${name}`, "a number >= 0.01", deviation);
}
