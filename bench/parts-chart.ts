/**
 * A picture of what bench/parts.ts measured, class by class: `npx tsx bench/parts-chart.ts OUT/scores.json > docs/images/car-parts.svg`.
 */
import { readFileSync } from "node:fs";

interface Scores {
  readonly classes: readonly { readonly name: string; readonly iou: number | null }[];
}

/** Rows of the study, from what is least to what is most, with the color of each. */
const SERIES = [
  { row: "mean box of each class, filled", text: "mean box of the class, filled", color: "#9aa0a6" },
  { row: "taught by boxes", text: "found by the prompter, taught by boxes", color: "#d9730d" },
  { row: "bound: the masks of the true boxes", text: "bound: masks of the true boxes", color: "#2f6db5" },
] as const;
const [LEFT, SCALE, BAR, GAP, TOP] = [150, 4.6, 6, 8, 70];

const scores: Readonly<Record<string, Scores>> = JSON.parse(readFileSync(process.argv[2], "utf8"));
const iouOf = (row: string, name: string): number =>
  scores[row].classes.find((each) => each.name === name)?.iou ?? 0;
const names = scores[SERIES[1].row].classes
  .map(({ name }) => name)
  .filter((name) => name !== "background")
  .sort((a, b) => iouOf(SERIES[1].row, b) - iouOf(SERIES[1].row, a));
const pitch = SERIES.length * BAR + GAP;
const [width, height] = [LEFT + 100 * SCALE + 60, TOP + names.length * pitch + 10];

const text = (x: number, y: number, words: string, anchor = "start"): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
const legend = SERIES.map(
  ({ text: words, color }, k) =>
    `<rect x="${LEFT}" y="${6 + 15 * k}" width="10" height="10" fill="${color}"/>${text(LEFT + 16, 15 + 15 * k, words)}`,
);
const grid = [0, 25, 50, 75, 100].map((percent) => {
  const x = LEFT + percent * SCALE;
  return `<line x1="${x}" x2="${x}" y1="${TOP - 6}" y2="${height - 10}" stroke="#d0d4d9"/>${text(x, TOP - 10, `${percent}`, "middle")}`;
});
const rows = names.map((name, n) => {
  const y = TOP + n * pitch;
  const bars = SERIES.map(({ row, color }, k) => {
    const value = iouOf(row, name);
    return `<rect x="${LEFT}" y="${y + k * BAR}" width="${(value * SCALE).toFixed(1)}" height="${BAR - 1}" fill="${color}"/>`;
  });
  return `${text(LEFT - 8, y + 1.5 * BAR + 4, name.replaceAll("_", " "), "end")}${bars.join("")}`;
});
console.log(
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" role="img" aria-label="IoU of each class, percent"><rect width="100%" height="100%" fill="#fff"/>
${[...legend, ...grid, ...rows].join("\n")}
</svg>`,
);
