import type { TextLayout } from "./text-layout.ts";

/** Texts that begin alike, as rows: the common beginning once, then the rest of each, texts of one length together. */
export interface TextBranches {
  /** P, rows of the common beginning. */
  readonly prefix: number;
  /** Then `count` texts of `length` rows each, and so on. */
  readonly groups: readonly BranchGroup[];
  /** [R], each row's vector: as `TextLayout.rows`. */
  readonly vectors: Int32Array;
  /** [R], each row's position in its text. */
  readonly positions: Int32Array;
  /** [G], the row of each text's end. */
  readonly ends: Int32Array;
}

export interface BranchGroup {
  readonly count: number;
  readonly length: number;
}

/**
 * The rows that texts of a layout need: what follows a text's end is left out, and what all begin with is there once. The encoder is causal,
 * so that this changes nothing: 45 classes of VOC behind one context of 16 take 167 rows instead of 45 × 26.
 */
export function branchTexts({ rows, ends, count, length }: TextLayout): TextBranches {
  const shortest = Math.min(...ends);
  const isCommon = (t: number): boolean => {
    for (let g = 1; g < count; g++) if (rows[g * length + t] !== rows[t]) return false;
    return true;
  };
  let prefix = 0;
  // The ends stay apart, so that each text has a row of its own.
  while (prefix < shortest && isCommon(prefix)) prefix++;

  const order = Array.from(ends, (_, g) => g).sort((a, b) => ends[a] - ends[b]);
  const groups: { count: number; length: number }[] = [];
  const vectors = [...rows.subarray(0, prefix)];
  const positions = vectors.map((_, t) => t);
  const endRows = new Int32Array(count);
  for (const g of order) {
    const own = ends[g] + 1 - prefix;
    const group = groups[groups.length - 1];
    if (group?.length === own) group.count++;
    else groups.push({ count: 1, length: own });
    for (let t = prefix; t <= ends[g]; t++) {
      vectors.push(rows[g * length + t]);
      positions.push(t);
    }
    endRows[g] = vectors.length - 1;
  }
  return {
    prefix,
    groups,
    vectors: Int32Array.from(vectors),
    positions: Int32Array.from(positions),
    ends: endRows,
  };
}
