/**
 * Weights that let rare classes count more: (total / pixels)^½ of each class that occurs, scaled so that a pixel counts 1 on average; 1 for a
 * class that does not occur.
 *
 * The root is between counting pixels alike and counting classes alike, where a few pixels would rule.
 *
 * @param pixels  of each class
 */
export function balanceClasses(pixels: ArrayLike<number>): number[] {
  const counts = Array.from(pixels);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const raw = counts.map((count) => (count === 0 ? 0 : Math.sqrt(total / count)));
  const mean = raw.reduce((sum, weight, id) => sum + weight * counts[id], 0) / total;
  return raw.map((weight) => (weight === 0 ? 1 : weight / mean));
}
