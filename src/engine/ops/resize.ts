import { constant, type Tensor } from "../graph.ts";
import { opError } from "../shape.ts";
import { pictureSize } from "./conv-geometry.ts";
import { matmul } from "./linear.ts";

export interface ResizeOptions {
  readonly height: number;
  readonly width: number;
  /** Bilinear with pixels as areas (PyTorch's align_corners = false), or nearest. */
  readonly mode?: "bilinear" | "nearest";
}

/**
 * The last two axes resampled, as two products with constant matrices: along the width, then along the height.
 *
 * Without antialiasing: shrinking picks pixels (nearest) or mixes two neighbours in each direction (bilinear).
 */
export function resize(x: Tensor, { height, width, mode = "bilinear" }: ResizeOptions): Tensor {
  if (![height, width].every((length) => Number.isInteger(length) && length >= 1))
    throw opError("resize", "a height and width that are integers >= 1", `${height} × ${width}`);
  const [fromHeight, fromWidth] = pictureSize("resize", x);
  const matrix = (from: number, to: number): Tensor =>
    constant(x.graph, resizeMatrix(from, to, mode), { shape: [to, from] });
  const wide = fromWidth === width ? x : matmul(x, matrix(fromWidth, width), { transposeB: true });
  return fromHeight === height ? wide : matmul(matrix(fromHeight, height), wide);
}

/**
 * [to, from]: row i weighs the inputs of output i.
 *
 * Bilinear: output i samples at (i + ½)·from/to − ½, not below 0, between its two neighbours; nearest takes input
 * ⌊i·from/to⌋.
 */
function resizeMatrix(from: number, to: number, mode: "bilinear" | "nearest"): Float64Array {
  const matrix = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    if (mode === "nearest") {
      matrix[i * from + Math.floor((i * from) / to)] = 1;
      continue;
    }
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(position));
    const high = Math.min(from - 1, low + 1);
    matrix[i * from + low] += 1 - (position - low);
    matrix[i * from + high] += position - low;
  }
  return matrix;
}
