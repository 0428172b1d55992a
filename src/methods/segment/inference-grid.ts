import type { Box } from "../../core/geometry.ts";
import type { LogitGrid } from "./inference-network.ts";

/** Where a pixel's center lies in a window, px from its corner. */
export interface PixelPlace {
  readonly row: (i: number) => number;
  readonly column: (j: number) => number;
}

/**
 * Adds a window's logits, stretched bilinearly to pixels, to sums of them. Beyond the outermost positions the nearest one counts.
 *
 * @param target  sums [C, h, w] of the pixels in `box`
 * @param part    the pixels to add to, inside the box
 * @param place   of each pixel in the window
 */
export function addLogits(
  { sums, box }: { readonly sums: Float32Array; readonly box: Box },
  part: Box,
  grid: LogitGrid,
  place: PixelPlace,
): void {
  const rows = neighborsAlong(part.y0, part.y1, place.row, grid.stride, grid.height);
  const columns = neighborsAlong(part.x0, part.x1, place.column, grid.stride, grid.width);
  const [height, width] = [box.y1 - box.y0, box.x1 - box.x0];
  const count = part.x1 - part.x0;
  const area = grid.height * grid.width;
  const channels = grid.data.length / area;
  const { low, high, share } = columns;
  const firstCell = Math.min(low[0], low[count - 1]);
  const lastCell = Math.max(high[0], high[count - 1]);
  const blended = new Float32Array(grid.width);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < rows.low.length; i++) {
      const [above, below] = [c * area + rows.low[i] * grid.width, c * area + rows.high[i] * grid.width];
      const weight = rows.share[i];
      for (let j = firstCell; j <= lastCell; j++) {
        const value = grid.data[above + j];
        blended[j] = value + (grid.data[below + j] - value) * weight;
      }
      const at = (c * height + part.y0 + i - box.y0) * width + part.x0 - box.x0;
      for (let j = 0; j < count; j++) {
        const value = blended[low[j]];
        sums[at + j] += value + (blended[high[j]] - value) * share[j];
      }
    }
}

/** The two positions around each pixel, and how much the second counts. */
interface Neighbors {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float64Array;
}

function neighborsAlong(
  from: number,
  to: number,
  place: (index: number) => number,
  stride: number,
  positions: number,
): Neighbors {
  const [low, high] = [new Int32Array(to - from), new Int32Array(to - from)];
  const share = new Float64Array(to - from);
  for (let n = 0; n < low.length; n++) {
    const position = Math.min(Math.max(place(from + n) / stride - 0.5, 0), positions - 1);
    low[n] = Math.floor(position);
    high[n] = Math.min(low[n] + 1, positions - 1);
    share[n] = position - low[n];
  }
  return { low, high, share };
}
