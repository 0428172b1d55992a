import { type Html, html } from "./html.ts";

/** Counts of gains in percentage points: below zero, none at all, above zero. */
export interface GainBins {
  /** Points a bin is wide. */
  readonly width: number;
  /** Image counts by distance from zero: losses[0] holds the gains in (−width, 0), losses[1] those down to −2·width … */
  readonly losses: readonly number[];
  readonly unchanged: number;
  readonly gains: readonly number[];
}

const binWidths = [0.1, 0.2, 0.5, 1, 2, 5, 10]; // points; 10 covers −100 … 100 with 20 bins
const MAX_BINS = 24;

/**
 * Sorts gains (fractions in [−1, 1]) into bins of the narrowest round width that needs at most 24. Bins touch at
 * zero, and gains of zero have a bin of their own: a run that leaves an image as it was did not improve it.
 */
export function binGains(gains: readonly number[]): GainBins {
  const points = gains.map((gain) => Number((gain * 100).toFixed(6))); // 0.07 · 100 is 7.000000000000001
  let [least, most] = [0, 0]; // not Math.min(...points): a data set may hold more images than a call takes arguments
  for (const value of points) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const binCount = (reach: number, width: number): number =>
    reach === 0 ? 0 : Math.floor(Number((reach / width).toFixed(6))) + 1;
  const width =
    binWidths.find((w) => binCount(most, w) + binCount(-least, w) <= MAX_BINS) ??
    binWidths[binWidths.length - 1];
  const bins = {
    width,
    losses: new Array<number>(binCount(-least, width)).fill(0),
    unchanged: 0,
    gains: new Array<number>(binCount(most, width)).fill(0),
  };
  for (const value of points) {
    if (value === 0) bins.unchanged++;
    else (value > 0 ? bins.gains : bins.losses)[binCount(Math.abs(value), width) - 1]++;
  }
  return bins;
}

const PLOT_TOP = 20;
const PLOT_BOTTOM = 150;
/** With more columns than this, only the tallest has its count on a phone; the others would overlap. */
const DENSE = 14;

/** The histogram of per-image gains as a drawing that fills the width there is. */
export function gainHistogram(gains: readonly number[]): Html {
  const { width, losses, unchanged, gains: rises } = binGains(gains);
  const tallest = Math.max(...losses, unchanged, ...rises);
  const columns = losses.length + 1 + rises.length;
  const column = (style: string, index: number, count: number, range: string): Html | null => {
    if (count === 0) return null;
    const height = Math.max(2, (count / tallest) * (PLOT_BOTTOM - PLOT_TOP));
    const x = (index / columns) * 100;
    const y = PLOT_BOTTOM - height;
    return html`<g><title>${range}: ${count}</title><rect class="${style}" x="${(x + 6 / columns).toFixed(3)}%" y="${y.toFixed(1)}" width="${(88 / columns).toFixed(3)}%" height="${height.toFixed(1)}"/><text class="${count === tallest ? "tallest" : "count"}" x="${(x + 50 / columns).toFixed(3)}%" y="${(y - 5).toFixed(1)}">${count}</text></g>`;
  };
  const zero = losses.length;
  const range = (k: number, sign: string): string =>
    `${sign}${formatPoints(k * width)} to ${sign}${formatPoints((k + 1) * width)} points`;
  const label = (index: number, text: string): Html =>
    html`<text x="${((index / columns) * 100).toFixed(3)}%" y="${PLOT_BOTTOM + 17}">${text}</text>`;
  const step = Math.max(1, Math.ceil(columns / 8)); // a label every so many bins, so that they fit a phone
  const edges = (count: number): number[] =>
    Array.from({ length: Math.floor(count / step) }, (_, k) => (k + 1) * step);
  return html`
<svg class="histogram${columns > DENSE ? " dense" : ""}" height="${PLOT_BOTTOM + 24}" role="img" aria-label="Histogram of the change in mIoU by image">
${losses.map((count, k) => column("lost", zero - 1 - k, count, range(k, "−")))}
${column("unchanged", zero, unchanged, "unchanged")}
${rises.map((count, k) => column("gained", zero + 1 + k, count, range(k, "+")))}
<line class="base" x1="0" x2="100%" y1="${PLOT_BOTTOM + 0.5}" y2="${PLOT_BOTTOM + 0.5}"/>
${edges(losses.length).map((k) => label(zero - k, `−${formatPoints(k * width)}`))}
${label(zero + 0.5, "0")}
${edges(rises.length).map((k) => label(zero + 1 + k, `+${formatPoints(k * width)}`))}
</svg>`;
}

/** "0.3", "5": bin edges are multiples of a tenth. */
function formatPoints(points: number): string {
  return String(Number(points.toFixed(1)));
}
