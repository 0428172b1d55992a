import { describe, expect, it } from "vitest";
import type { Scores } from "./class-maps.ts";
import { type CrfOptions, clipEsCrf, deeplabCrf, refineByCrf } from "./crf.ts";
import type { RgbImage } from "./image.ts";
import { buildLattice, filterLattice } from "./permutohedral.ts";
import { random } from "./random.ts";

/** Σ_j exp(−½ ‖f_i − f_j‖²) x_j by all pairs. */
function filterAllPairs(features: Float32Array, d: number, values: ArrayLike<number>): Float64Array {
  const count = features.length / d;
  return Float64Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < count; j++) {
      let square = 0;
      for (let k = 0; k < d; k++) square += (features[i * d + k] - features[j * d + k]) ** 2;
      sum += Math.exp(-square / 2) * values[j];
    }
    return sum;
  });
}

/** The filter as the CRF uses it: normalized symmetrically. */
function normalized(filter: (values: Float32Array) => ArrayLike<number>, values: Float32Array): number[] {
  const norms = Array.from(filter(new Float32Array(values.length).fill(1)), (sum) => 1 / Math.sqrt(sum));
  const filtered = filter(values.map((value, i) => value * norms[i]));
  return Array.from(filtered, (value, i) => value * norms[i]);
}

describe("filterLattice", () => {
  it.each([1, 2, 3, 5])("is near the Gaussian filter by all pairs in %i dimensions", (d) => {
    const { next, normal } = random(`lattice ${d}`);
    // Not too far apart: like the published filter, this one loses what would pass through corners that no point touches.
    const features = Float32Array.from({ length: 300 * d }, () => (d < 3 ? 1.5 : 0.6) * normal());
    const values = Float32Array.from({ length: 300 }, () => next());
    const lattice = buildLattice(features, d);
    const got = normalized((x) => filterLattice(lattice, x), values);
    const wanted = normalized((x) => Float32Array.from(filterAllPairs(features, d, x)), values);
    const errors = got.map((value, i) => Math.abs(value - wanted[i]));
    expect(Math.max(...errors)).toBeLessThan(0.1);
    expect(errors.reduce((a, b) => a + b, 0) / errors.length).toBeLessThan(0.025);
  });

  it("spreads each point by weights that sum to 1, and filters channels apart", () => {
    const { normal, next } = random("shares");
    const features = Float32Array.from({ length: 400 }, () => 4 * normal());
    const lattice = buildLattice(features, 2);
    for (let n = 0; n < 200; n++) {
      const shares = [...lattice.weights.subarray(3 * n, 3 * n + 3)];
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(-1e-6);
      expect(shares[0] + shares[1] + shares[2]).toBeCloseTo(1, 5);
    }
    const [a, b] = [0, 1].map(() => Float32Array.from({ length: 200 }, next));
    const both = filterLattice(lattice, Float32Array.of(...a, ...b));
    expect(both.subarray(0, 200)).toEqual(filterLattice(lattice, a));
    expect(both.subarray(200)).toEqual(filterLattice(lattice, b));
  });

  it("grows beyond the expected number of corners", () => {
    const features = Float32Array.from({ length: 5000 }, (_, q) => q * 3);
    const lattice = buildLattice(features, 5);
    expect(lattice.cornerCount).toBeGreaterThan(2000);
    expect(filterLattice(lattice, new Float32Array(1000).fill(1)).every((value) => value > 0.3)).toBe(true);
  });
});

/** Two halves of different color; the scores are those of a coarse map that is wrong near the border. */
function halves(height: number, width: number): { image: RgbImage; scores: Scores } {
  const { normal } = random("halves");
  const image = new Uint8Array(height * width * 3);
  const data = new Float32Array(2 * height * width);
  for (let p = 0; p < height * width; p++) {
    const isRight = p % width >= width / 2;
    for (let c = 0; c < 3; c++) image[3 * p + c] = (isRight ? 200 : 40) + Math.round(2 * normal());
    const score = p % width >= width / 2 - 3 ? 0.6 : 0.3;
    data[p] = 1 - score;
    data[height * width + p] = score;
  }
  return {
    image: { height, width, data: image },
    scores: { kind: "score", classes: [0, 4], height, width, data },
  };
}

describe("refineByCrf", () => {
  it.each([
    ["CLIP-ES's", clipEsCrf],
    ["DeepLab's", deeplabCrf],
  ])("moves borders to those of color, with %s settings", (_, options) => {
    const { image, scores } = halves(12, 24);
    const { data, classes, kind } = refineByCrf(image, scores, options);
    expect([kind, ...classes]).toEqual(["prob", 0, 4]);
    for (let p = 0; p < 12 * 24; p++) {
      expect(data[p] + data[288 + p]).toBeCloseTo(1, 5);
      expect(data[288 + p] > 0.5).toBe(p % 24 >= 12);
    }
  });

  it("is near mean field with sums over all pairs", () => {
    const { image, scores } = halves(9, 14);
    const options: CrfOptions = {
      iterations: 5,
      smoothness: { weight: 1, distance: 2 },
      appearance: { weight: 2, distance: 6, color: 30 },
    };
    const got = refineByCrf(image, scores, options).data;
    const wanted = allPairsMeanField(image, scores, options);
    expect(Math.max(...wanted.map((value, q) => Math.abs(value - got[q])))).toBeLessThan(0.1);
    expect(wanted.some((value, q) => Math.abs(value - scores.data[q]) > 0.3)).toBe(true);
  });

  it("normalizes the scores when nothing is iterated", () => {
    const image = { height: 1, width: 2, data: new Uint8Array(6) };
    const scores: Scores = {
      kind: "score",
      classes: [0, 1],
      height: 1,
      width: 2,
      data: Float32Array.of(0.2, 0, 0.6, 1),
    };
    const { data } = refineByCrf(image, scores, { ...clipEsCrf, iterations: 0 });
    [0.25, 1e-5, 0.75, 1].forEach((value, q) => {
      expect(data[q]).toBeCloseTo(value, 4);
    });
  });

  it("takes one pixel, one class, none, and a row", () => {
    const dot = { height: 1, width: 1, data: Uint8Array.of(1, 2, 3) };
    const one: Scores = { kind: "score", classes: [3], height: 1, width: 1, data: Float32Array.of(0.4) };
    expect([...refineByCrf(dot, one).data]).toEqual([1]);
    expect(refineByCrf(dot, { ...one, classes: [], data: new Float32Array(0) }).data).toHaveLength(0);
    const row = { height: 1, width: 5000, data: new Uint8Array(15_000).fill(128) };
    const data = Float32Array.from({ length: 10_000 }, (_, q) => (q < 5000 ? 0.4 : 0.6));
    const refined = refineByCrf(row, { kind: "score", classes: [0, 1], height: 1, width: 5000, data });
    expect(Math.min(...refined.data.subarray(5000))).toBeGreaterThan(0.9);
  });

  it("refuses sizes that differ and settings out of range", () => {
    const { image, scores } = halves(2, 3);
    expect(() => refineByCrf({ ...image, height: 1 }, scores)).toThrow(
      "expected 1×3 like the image, got 2×3",
    );
    expect(() => refineByCrf(image, scores, { ...clipEsCrf, iterations: -1 })).toThrow("an integer from 0");
    const thin = { ...clipEsCrf, appearance: { weight: 1, distance: 0, color: 1 } };
    expect(() => refineByCrf(image, scores, thin)).toThrow("appearance.distance: expected a number >= 0.01");
  });
});

function allPairsMeanField(image: RgbImage, scores: Scores, options: CrfOptions): number[] {
  const { iterations, smoothness, appearance } = options;
  const { width } = image;
  const count = image.height * width;
  const places = Array.from({ length: count }, (_, p) => [p % width, Math.floor(p / width)]);
  const near = Float32Array.from(
    places.flatMap((place) => place.map((value) => value / smoothness.distance)),
  );
  const alike = Float32Array.from(
    places.flatMap((place, p) => [
      ...place.map((value) => value / appearance.distance),
      ...[0, 1, 2].map((c) => image.data[3 * p + c] / appearance.color),
    ]),
  );
  let beliefs = [...scores.data];
  for (let k = 0; k < iterations; k++) {
    const sums = scores.data.map((score) => Math.log(score));
    for (const [features, d, weight] of [
      [near, 2, smoothness.weight],
      [alike, 5, appearance.weight],
    ] as const) {
      for (const c of [0, 1]) {
        const own = Float32Array.from(beliefs.slice(c * count, (c + 1) * count));
        normalized((x) => Float32Array.from(filterAllPairs(features, d, x)), own).forEach((value, p) => {
          sums[c * count + p] += weight * value;
        });
      }
    }
    const odds = Array.from({ length: count }, (_, p) => 1 / (1 + Math.exp(sums[count + p] - sums[p])));
    beliefs = [...odds, ...odds.map((value) => 1 - value)];
  }
  return beliefs;
}
