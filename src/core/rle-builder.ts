import type { Size } from "./geometry.ts";
import type { Rle } from "./rle.ts";

/** Puts a mask together from pieces of its runs. */
export interface RleBuilder {
  /** Sets the column-major positions from `start` up to `end`, which come in ascending order; neighbors become one run. */
  add(start: number, end: number): void;
  finish(): Rle;
}

export function buildRle({ height, width }: Size): RleBuilder {
  let counts = new Uint32Array(256);
  let k = 0;
  let start = 0; // the run under way, empty at first
  let end = 0;
  let written = 0; // positions that `counts` hold
  const close = (): void => {
    if (start === end) return;
    if (k + 3 > counts.length) {
      const larger = new Uint32Array(2 * counts.length);
      larger.set(counts);
      counts = larger;
    }
    counts[k++] = start - written;
    counts[k++] = end - start;
    written = end;
  };
  return {
    add(first, next) {
      if (first === next) return;
      if (first !== end || start === end) {
        close();
        start = first;
      }
      end = next;
    },
    finish() {
      close();
      const rest = height * width - written;
      if (rest > 0) counts[k++] = rest;
      return { height, width, counts: counts.slice(0, k) };
    },
  };
}
