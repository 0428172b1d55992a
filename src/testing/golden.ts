/** Prints what a golden test compared, in the one line every golden test ends with. */
export function reportGolden(set: string, compared: number, worstRelativeError: number): void {
  console.info(
    `golden ${set}: compared ${compared}, worst rel err ${Number(worstRelativeError.toPrecision(3))}`,
  );
}

/** Largest |got − wanted| over the largest |wanted|, so values near zero do not blow it up; Infinity when the lengths differ. */
export function relativeError(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (got.length !== wanted.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < wanted.length; i++) {
    // Not Math.max: a NaN must end up in the result.
    const gap = Math.abs(got[i] - wanted[i]);
    if (!(gap <= difference)) difference = gap;
    scale = Math.max(scale, Math.abs(wanted[i]));
  }
  return difference === 0 ? 0 : difference / scale;
}

/** The arrays one after another. */
export function joinArrays(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
