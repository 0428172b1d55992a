import type { ClassScores } from "../../core/metrics.ts";
import { formatPercent, gainOf } from "./figures.ts";
import { type Html, html } from "./html.ts";
import { colorChip, gainMark } from "./marks.ts";
import type { RunReport } from "./report.ts";

interface ClassRow {
  readonly before: ClassScores;
  readonly after: ClassScores;
  /** What rows are sorted by, largest first: the gain, or the IoU when there is one stage; null goes last. */
  readonly rank: number | null;
}

/** Below every gain, −1 included. */
const LAST = -2;

/**
 * One row a class: a bar of its IoU and the figures. Of two or more stages the first and the last are
 * compared: the bar is what both have, the piece at its end what was gained (filled) or lost (hollow),
 * and classes are sorted by gain. Equal ones stay in class order.
 */
export function classChart({ stages, palette }: RunReport): Html {
  const first = stages[0];
  const last = stages[stages.length - 1];
  const isComparison = stages.length > 1;
  const rows = first.scores.classes
    .map((before, c): ClassRow => {
      const after = last.scores.classes[c];
      return { before, after, rank: isComparison ? gainOf(before.iou, after.iou) : after.iou };
    })
    .sort((a, b) => (b.rank ?? LAST) - (a.rank ?? LAST));
  const compared = isComparison
    ? html`<th class="first" scope="col">${first.name}</th><th scope="col">${last.name}</th><th scope="col">change</th>`
    : html`<th scope="col">IoU</th>`;
  return html`
<div class="scroll"><table class="classes">
<thead><tr><th scope="col">class</th><th class="track" scope="col">${axis()}</th>${compared}<th class="extra" scope="col">precision</th><th class="extra" scope="col">recall</th></tr></thead>
<tbody>${rows.map((row) => classRow(row, isComparison, palette))}</tbody>
</table></div>
${isComparison ? colorKey() : null}`;
}

function classRow({ before, after }: ClassRow, isComparison: boolean, palette: Uint8Array): Html {
  const compared = isComparison
    ? html`<td class="first">${formatPercent(before.iou)}</td><td>${formatPercent(after.iou)}</td><td>${gainMark(before.iou, after.iou)}</td>`
    : html`<td>${formatPercent(after.iou)}</td>`;
  return html`
<tr><th scope="row">${colorChip(after.id, palette)}${after.name}</th><td class="track">${bar(before.iou, after.iou)}</td>${compared}<td class="extra">${formatPercent(after.precision)}</td><td class="extra">${formatPercent(after.recall)}</td></tr>`;
}

const gridPercents = [0, 25, 50, 75, 100];

function axis(): Html {
  const labels = gridPercents.map((x) => {
    const anchor = x === 0 ? "start" : x === 100 ? "end" : "middle";
    const style = x % 50 === 0 ? "major" : "minor";
    return html`<text class="${style}" x="${x}%" y="9" text-anchor="${anchor}">${x}</text>`;
  });
  return html`<svg class="axis" height="14" role="img" aria-label="IoU, 0 to 100 percent">${labels}</svg>`;
}

/** Lengths are percentages of the drawing's own width, so bars stretch with the page and text does not. */
function bar(before: number | null, after: number | null): Html {
  const grid = gridPercents.map((x) => html`<line class="grid" x1="${x}%" x2="${x}%" y1="0" y2="24"/>`);
  const piece = (style: string, from: number, to: number): Html | null => {
    const [x, width] = [from, to - from].map((fraction) => Number((fraction * 100).toFixed(2)));
    if (width <= 0) return null;
    return html`<rect class="${style}" x="${x}%" y="6.5" width="${width}%" height="11"/>`;
  };
  const start = before ?? after ?? 0;
  const end = after ?? before ?? 0;
  return html`<svg class="bar" height="24" aria-hidden="true">${grid}${piece("kept", 0, Math.min(start, end))}${piece("gained", start, end)}${piece("lost", end, start)}</svg>`;
}

function colorKey(): Html {
  const sample = (style: string, text: string): Html =>
    html`<li><svg class="sample" width="26" height="11" aria-hidden="true"><rect class="${style}" x=".5" y=".5" width="25" height="10"/></svg>${text}</li>`;
  return html`<ul class="key">${sample("kept", "in both")}${sample("gained", "gained")}${sample("lost", "lost")}</ul>`;
}
