import type { LabelMap } from "../core/label-map.ts";
import type { Mask } from "../core/mask.ts";

/** A mask from a drawing: one row a line, "#" is set, "." is not. `mask(".#. ###")` is 2 × 3. */
export function mask(drawing: string): Mask {
  const rows = drawing.trim().split(/\s+/);
  const width = rows[0].length;
  const data = Uint8Array.from(rows.join(""), (char) => (char === "#" ? 1 : 0));
  if (data.length !== rows.length * width) throw new Error(`ragged drawing: ${drawing}`);
  return { height: rows.length, width, data };
}

/** The drawing of a mask: rows of "#" and "." with one space between. */
export function draw({ height, width, data }: Mask): string {
  return Array.from({ length: height }, (_, i) =>
    Array.from(data.subarray(i * width, (i + 1) * width), (value) => (value === 0 ? "." : "#")).join(""),
  ).join(" ");
}

/** A label map from digits: one row a word, "x" is ignore (255). `labels("012 x00")` is 2 × 3. */
export function labels(drawing: string): LabelMap {
  const rows = drawing.trim().split(/\s+/);
  const width = rows[0].length;
  const data = Uint8Array.from(rows.join(""), (char) => (char === "x" ? 255 : Number.parseInt(char, 36)));
  if (data.length !== rows.length * width) throw new Error(`ragged drawing: ${drawing}`);
  return { height: rows.length, width, data };
}

/** The drawing of a label map, as `labels` reads it. */
export function drawLabels({ height, width, data }: LabelMap): string {
  return Array.from({ length: height }, (_, i) =>
    Array.from(data.subarray(i * width, (i + 1) * width), (v) => (v === 255 ? "x" : v.toString(36))).join(""),
  ).join(" ");
}
