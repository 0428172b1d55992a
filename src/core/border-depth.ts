import type { Size } from "./geometry.ts";

/**
 * How deep each pixel lies inside the pixels of its own id: 1 where a neighbor above, below or beside has another id or the picture ends, and so
 * on in city-block distance; at most 65,535.
 *
 * @param ids  [H, W]
 */
export function borderDepths(ids: Int32Array | Uint8Array, { height, width }: Size): Uint16Array {
  const depth = new Uint16Array(height * width);
  for (let i = 0, p = 0; i < height; i++) {
    for (let j = 0; j < width; j++, p++) {
      const left = j > 0 && ids[p - 1] === ids[p] ? depth[p - 1] : 0;
      const above = i > 0 && ids[p - width] === ids[p] ? depth[p - width] : 0;
      depth[p] = Math.min(left, above, 0xfffe) + 1;
    }
  }
  for (let i = height - 1, p = depth.length - 1; i >= 0; i--) {
    for (let j = width - 1; j >= 0; j--, p--) {
      const right = j + 1 < width && ids[p + 1] === ids[p] ? depth[p + 1] : 0;
      const below = i + 1 < height && ids[p + width] === ids[p] ? depth[p + width] : 0;
      depth[p] = Math.min(depth[p], right + 1, below + 1);
    }
  }
  return depth;
}
