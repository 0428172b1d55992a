import { COLOR_BINS, type RegionStats, TEXTURE_BINS } from "./region-graph.ts";

/**
 * What makes two touching regions differ, as weights of terms that are each 0 for regions that belong together and
 * about 1 for regions that do not.
 */
export interface Criterion {
  /** Mean color gradient along the sides they share; 1 is 20 Lab units a pixel. */
  readonly edge: number;
  /** Distance of their mean colors, brightness counted half; 1 is 40 Lab units. */
  readonly color: number;
  /** Share of pixels in other bins of the color histogram. */
  readonly colors: number;
  /** Share of pixels in other bins of the texture histogram. */
  readonly textures: number;
  /** Their area together as a share of the picture: small regions merge first. */
  readonly size: number;
  /** What their common box holds besides them, as a share of the picture: convex unions merge first. */
  readonly fill: number;
  /** Share of the smaller perimeter that is not shared: enclosed regions merge first. */
  readonly openness: number;
}

/** What two touching regions share. */
export interface SharedContour {
  /** Pixel sides. */
  readonly length: number;
  /** Sum of the color gradient over them. */
  readonly strength: number;
}

/** How much regions a and b differ, 0 or more. */
export function dissimilarity(
  criterion: Criterion,
  stats: RegionStats,
  a: number,
  b: number,
  { length, strength }: SharedContour,
  pixels: number,
): number {
  const { area, perimeter } = stats;
  const together = area[a] + area[b];
  return (
    criterion.edge * (strength / length / 20) +
    criterion.color * (colorDistance(stats, a, b) / 40) +
    criterion.colors * histogramDistance(stats.colors, COLOR_BINS, a, b, 3 * area[a], 3 * area[b]) +
    criterion.textures * histogramDistance(stats.textures, TEXTURE_BINS, a, b, area[a], area[b]) +
    criterion.size * (together / pixels) +
    criterion.fill * ((commonBoxArea(stats.boxes, a, b) - together) / pixels) +
    criterion.openness * (1 - length / Math.min(perimeter[a], perimeter[b]))
  );
}

/** Distance of two mean colors in Lab, brightness counted half. */
export function colorDistance({ color, area }: RegionStats, a: number, b: number): number {
  const dL = color[3 * a] / area[a] - color[3 * b] / area[b];
  const da = color[3 * a + 1] / area[a] - color[3 * b + 1] / area[b];
  const db = color[3 * a + 2] / area[a] - color[3 * b + 2] / area[b];
  return Math.sqrt(0.5 * dL * dL + da * da + db * db);
}

/** Half the L1 distance of two rows of counts, each divided by its total: 0 for equal shares, 1 for disjoint ones. */
function histogramDistance(
  counts: Float32Array,
  bins: number,
  a: number,
  b: number,
  totalA: number,
  totalB: number,
): number {
  let distance = 0;
  for (let k = 0, i = a * bins, j = b * bins; k < bins; k++, i++, j++)
    distance += Math.abs(counts[i] / totalA - counts[j] / totalB);
  return distance / 2;
}

function commonBoxArea(boxes: Int32Array, a: number, b: number): number {
  const width = Math.max(boxes[4 * a + 2], boxes[4 * b + 2]) - Math.min(boxes[4 * a], boxes[4 * b]);
  const height = Math.max(boxes[4 * a + 3], boxes[4 * b + 3]) - Math.min(boxes[4 * a + 1], boxes[4 * b + 1]);
  return width * height;
}
