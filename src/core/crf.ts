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
  const evidence = scores.data.map((score) => Math.log(Math.min(Math.max(score, LEAST_SCORE), 1)));
  let data = softmaxOver(evidence, pixelCount);
  for (let k = 0; k < iterations; k++) {
    const sums = evidence.slice();
    for (const addMessages of filters) addMessages(sums, data);
    data = softmaxOver(sums, pixelCount);
  }
  return { ...result, data };
}

/** Adds weight · N^½ K N^½ x to sums, channel by channel, with K the Gaussian filter and N its row sums' reciprocals. */
function createFilter(
  lattice: Lattice,
  pixelCount: number,
  weight: number,
): (sums: Float32Array, x: Float32Array) => void {
  const norms = filterLattice(lattice, new Float32Array(pixelCount).fill(1)).map((sum) => 1 / Math.sqrt(sum));
  return (sums, x) => {
    const scaled = new Float32Array(x.length);
    for (let start = 0; start < x.length; start += pixelCount)
      for (let p = 0; p < pixelCount; p++) scaled[start + p] = x[start + p] * norms[p];
    const filtered = filterLattice(lattice, scaled);
    for (let start = 0; start < x.length; start += pixelCount)
      for (let p = 0; p < pixelCount; p++) sums[start + p] += weight * norms[p] * filtered[start + p];
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

/** Softmax over the classes of [C, pixels]. */
function softmaxOver(values: Float32Array, pixelCount: number): Float32Array {
  const result = new Float32Array(values.length);
  const highs = values.slice(0, pixelCount);
  for (let q = pixelCount; q < values.length; )
    for (let p = 0; p < pixelCount; p++, q++) if (values[q] > highs[p]) highs[p] = values[q];
  const sums = new Float32Array(pixelCount);
  for (let q = 0; q < values.length; )
    for (let p = 0; p < pixelCount; p++, q++) sums[p] += result[q] = Math.exp(values[q] - highs[p]);
  for (let q = 0; q < values.length; ) for (let p = 0; p < pixelCount; p++, q++) result[q] /= sums[p];
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
