import type { Size } from "../../../core/geometry.ts";
import type { Rle } from "../../../core/rle.ts";
import type { Superpixels } from "./felzenszwalb.ts";

/** A partition as runs of equal ids, column-major as in COCO RLE, at the picture's full size. */
export interface LabelRuns extends Size {
  readonly ids: Int32Array;
  readonly lengths: Uint32Array;
}

/** The runs of a partition, enlarged to `size`: each pixel takes the id its middle falls on. */
export function labelRuns({ labels, height, width }: Superpixels, size: Size): LabelRuns {
  const ids: number[] = [];
  const lengths: number[] = [];
  const rows = Int32Array.from({ length: size.height }, (_, i) => source(i, height / size.height) * width);
  let last = -1;
  for (let j = 0; j < size.width; j++) {
    const column = source(j, width / size.width);
    for (let i = 0; i < size.height; i++) {
      const id = labels[rows[i] + column];
      if (id === last) {
        lengths[lengths.length - 1]++;
        continue;
      }
      ids.push(id);
      lengths.push(1);
      last = id;
    }
  }
  return {
    height: size.height,
    width: size.width,
    ids: Int32Array.from(ids),
    lengths: Uint32Array.from(lengths),
  };
}

function source(position: number, scale: number): number {
  return Math.floor((position + 0.5) * scale);
}

/** The union of the regions whose entry is not 0. */
export function runsToRle({ height, width, ids, lengths }: LabelRuns, inside: Uint8Array): Rle {
  const counts: number[] = [0];
  let isSet = 0;
  for (let k = 0; k < ids.length; k++) {
    if (inside[ids[k]] === isSet) counts[counts.length - 1] += lengths[k];
    else {
      counts.push(lengths[k]);
      isSet ^= 1;
    }
  }
  return { height, width, counts: Uint32Array.from(counts) };
}
