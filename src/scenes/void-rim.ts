import { IGNORE, type LabelMap } from "../core/label-map.ts";

/** A copy in which pixels within `radius` (rows and columns) of another class are ignore (255), as on VOC's borders. */
export function addVoidRim({ height, width, data }: LabelMap, radius: number): LabelMap {
  const rim = new Uint8Array(data);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const id = data[i * width + j];
      const y1 = Math.min(height - 1, i + radius);
      const x1 = Math.min(width - 1, j + radius);
      search: for (let y = Math.max(0, i - radius); y <= y1; y++) {
        for (let x = Math.max(0, j - radius); x <= x1; x++) {
          if (data[y * width + x] === id) continue;
          rim[i * width + j] = IGNORE;
          break search;
        }
      }
    }
  }
  return { height, width, data: rim };
}
