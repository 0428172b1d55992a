import { type Dim, formatShape, opError, type Shape } from "./shape.ts";

/**
 * The common shape of operands, aligned at their last axes as in NumPy: lengths agree, or one of them is 1.
 * A named dimension agrees with itself and with 1.
 *
 * @throws MaskwrightError SHAPE_MISMATCH naming `op` and all shapes
 */
export function broadcastShapes(op: string, ...shapes: readonly Shape[]): Dim[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    let common: Dim = 1;
    for (const shape of shapes) {
      const dim = shape[axis - rank + shape.length] ?? 1;
      if (dim === 1 || dim === common) continue;
      if (common !== 1)
        throw opError(op, "shapes that broadcast", shapes.map((each) => formatShape(each)).join(" and "));
      common = dim;
    }
    return common;
  });
}

/** Axes of `to` along which a value of shape `from` repeats, missing leading axes included. */
export function repeatedAxes(from: Shape, to: Shape): number[] {
  const missing = to.length - from.length;
  return to.flatMap((dim, axis) =>
    dim !== 1 && (axis < missing || from[axis - missing] === 1) ? [axis] : [],
  );
}
