import type { TrainLine } from "../train-log.ts";
import { type Html, html } from "./html.ts";

/** Steps drawn as one point when there are more. */
const MAX_POINTS = 300;
const FRAME = { left: 48, right: 8, top: 8, bottom: 24, width: 640, height: 220 };

interface Point {
  readonly step: number;
  readonly low: number;
  readonly mean: number;
  readonly high: number;
}

/**
 * The loss over the steps, as an SVG drawing: a line through the means of equal runs of steps, and around it the span of what they hold. It stands
 * alone and takes the colors of a page that has them.
 *
 * @param lines  each has the number
 * @param name   which number of the log
 */
export function lossCurve(lines: readonly TrainLine[], name = "loss"): Html {
  const points = summarize(lines, name);
  if (points.length === 0) return frame(name, html``, html``);
  const { left, right, top, bottom, width, height } = FRAME;
  const low = Math.min(0, ...points.map((point) => point.low));
  const high = Math.max(...points.map((point) => point.high));
  const last = points[points.length - 1].step;
  const x = (step: number): number => left + ((width - left - right) * step) / last;
  const y = (value: number): number => top + ((height - top - bottom) * (high - value)) / (high - low || 1);
  const path = (at: readonly (readonly [number, number])[]): string =>
    at.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const span = path([
    ...points.map(({ step, high: value }) => [step, value] as const),
    ...points.toReversed().map(({ step, low: value }) => [step, value] as const),
  ]);
  const grid = ticks(low, high).map(
    (value) => html`
<line x1="${left}" x2="${width - right}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="var(--grid, #eceef0)"/>
<text x="${left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value}</text>`,
  );
  const steps = ticks(0, last).map(
    (step) => html`<text x="${x(step).toFixed(1)}" y="${height - 6}" text-anchor="middle">${step}</text>`,
  );
  const curve = html`
<polygon points="${span}" fill="var(--kept, #9fb0c6)" opacity=".4"/>
<polyline points="${path(points.map(({ step, mean }) => [step, mean]))}" fill="none" stroke="var(--gain, #0b7a54)" stroke-width="1.75" stroke-linejoin="round"/>`;
  return frame(name, html`${grid}${steps}`, curve);
}

function frame(name: string, scales: Html, curve: Html): Html {
  const { width, height } = FRAME;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${name} over steps" font-family="system-ui, sans-serif" font-size="11" fill="var(--soft, #5d6672)">${scales}${curve}
</svg>
`;
}

/** Lowest, mean and highest of each of at most `MAX_POINTS` equal runs of steps; the last step of a run stands for it. */
function summarize(lines: readonly TrainLine[], name: string): Point[] {
  const size = Math.max(1, Math.ceil(lines.length / MAX_POINTS));
  const points: Point[] = [];
  for (let begin = 0; begin < lines.length; begin += size) {
    const run = lines.slice(begin, begin + size);
    const values = run.map((line) => line[name]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    points.push({
      step: run[run.length - 1].step,
      low: Math.min(...values),
      mean,
      high: Math.max(...values),
    });
  }
  return points;
}

/** Three to seven round numbers within [low, high]. */
function ticks(low: number, high: number): number[] {
  const rough = (high - low || 1) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) as number);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}
