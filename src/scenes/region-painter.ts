import { type Canvas, paintShape } from "./canvas.ts";
import type { Light } from "./light.ts";
import { fillRow, type Material } from "./material.ts";
import { type StuffName, stuffNames } from "./model.ts";
import type { Outline } from "./outline.ts";
import { rasterize } from "./raster.ts";

/** Fills rows with a material; ground below a horizon is seen in perspective. */
export function fillRegion(
  canvas: Canvas,
  material: Material,
  name: StuffName,
  from: number,
  to: number,
): void {
  const { height, width } = canvas;
  const first = Math.floor(from + 0.5);
  const last = Math.floor(to + 0.5);
  const id = stuffNames.indexOf(name);
  const row = new Float32Array(width * 3);
  const isGround = from > 0;
  const near = height - from + height * 0.15;
  for (let i = first; i < last; i++) {
    const depth = near / (i + 0.5 - from + height * 0.15);
    fillRow(
      material,
      i,
      0,
      width,
      row,
      isGround ? { depth, center: width / 2, v: depth * height } : undefined,
    );
    canvas.color.set(row, i * width * 3);
    canvas.stuff.fill(id, i * width, (i + 1) * width);
  }
}

/** Paints a shape of the backdrop and notes its kind. */
export function layShape(
  canvas: Canvas,
  outline: Outline,
  material: Material,
  name: StuffName,
  light: Light,
): void {
  paintShape(canvas, outline, { material, relief: null, haze: { color: [0, 0, 0], share: 0 } }, light);
  const id = stuffNames.indexOf(name);
  rasterize(outline, canvas, (row, start, end, coverage) => {
    for (let j = start; j < end; j++) if (coverage[j] >= 0.5) canvas.stuff[row * canvas.width + j] = id;
  });
}
