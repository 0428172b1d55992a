/**
 * Gaussian filtering in a few dimensions on the permutohedral lattice: values are spread over the corners of the simplex
 * around each point, blurred along the lattice's axes, and gathered again. Work grows with points times dimensions², not with
 * points².
 *
 * @see Adams, Baek and Davis 2010, "Fast High-Dimensional Filtering Using the Permutohedral Lattice"
 */

/** Where n points of d dimensions lie in the lattice. */
export interface Lattice {
  readonly dimensions: number;
  /** [n, d + 1] corners around each point, from 1: 0 stands for every corner that no point touches. */
  readonly corners: Int32Array;
  /** [n, d + 1] how much of a point lies at each corner; they are at least 0 and sum to 1. */
  readonly weights: Float32Array;
  /** [d + 1, 1 + corners, 2] the corners before and after each one along an axis. */
  readonly neighbors: Int32Array;
  /** Corners that points touch. */
  readonly cornerCount: number;
}

/** @param features  [n, d], in units of the filter's standard deviation */
export function buildLattice(features: Float32Array, dimensions: number): Lattice {
  const d = dimensions;
  const count = features.length / d;
  const corners = new Int32Array(count * (d + 1));
  const weights = new Float32Array(count * (d + 1));
  const table = createKeyTable(d, count);
  // The blur, (1 2 1) / 2 along each axis, has this deviation in units of the lattice.
  const deviation = Math.sqrt(2 / 3) * (d + 1);
  const scales = Float64Array.from({ length: d }, (_, i) => deviation / Math.sqrt((i + 1) * (i + 2)));
  const elevated = new Float64Array(d + 1);
  const base = new Int32Array(d + 1);
  const rank = new Int32Array(d + 1);
  const shares = new Float64Array(d + 2);
  const key = new Int32Array(d);
  for (let n = 0, at = 0; n < count; n++) {
    elevate(features, n * d, scales, elevated);
    findSimplex(elevated, base, rank);
    shares.fill(0);
    for (let i = 0; i <= d; i++) {
      const share = (elevated[i] - base[i]) / (d + 1);
      shares[d - rank[i]] += share;
      shares[d + 1 - rank[i]] -= share;
    }
    shares[0] += 1 + shares[d + 1];
    for (let corner = 0; corner <= d; corner++, at++) {
      for (let i = 0; i < d; i++) key[i] = base[i] + (rank[i] <= d - corner ? corner : corner - (d + 1));
      corners[at] = table.place(key);
      weights[at] = shares[corner];
    }
  }
  const cornerCount = table.count();
  return { dimensions, corners, weights, neighbors: findNeighbors(table, d, cornerCount), cornerCount };
}

/**
 * Σ_j exp(−½ ‖f_i − f_j‖²) · x_j for each point i and channel, j = i included, to within some percent. The result is what the
 * published filter gives: neither it nor this one is normalized to the sum.
 *
 * @param values  [channels, n]
 * @returns       [channels, n]
 */
export function filterLattice(lattice: Lattice, values: Float32Array): Float32Array {
  const { dimensions: d, corners, weights, neighbors, cornerCount } = lattice;
  const count = corners.length / (d + 1);
  const result = new Float32Array(values.length);
  const gain = 1 / (1 + 2 ** -d);
  let held = new Float32Array(cornerCount + 1);
  let blurred = new Float32Array(cornerCount + 1);
  // A channel at a time: its corners fit a cache, and the loops have no loop in them that runs a few times only.
  for (let start = 0; start < values.length; start += count) {
    held.fill(0);
    for (let n = 0, at = 0; n < count; n++) {
      const value = values[start + n];
      for (const end = at + d + 1; at < end; at++) held[corners[at]] += weights[at] * value;
    }
    for (let axis = 0, at = 0; axis <= d; axis++) {
      at += 2;
      for (let k = 1; k <= cornerCount; k++, at += 2)
        blurred[k] = held[k] + 0.5 * (held[neighbors[at]] + held[neighbors[at + 1]]);
      [held, blurred] = [blurred, held];
      held[0] = 0;
    }
    for (let n = 0, at = 0; n < count; n++) {
      let sum = 0;
      for (const end = at + d + 1; at < end; at++) sum += weights[at] * held[corners[at]];
      result[start + n] = gain * sum;
    }
  }
  return result;
}

/** The point in the hyperplane Σ = 0 of one dimension more. */
function elevate(features: Float32Array, at: number, scales: Float64Array, elevated: Float64Array): void {
  let sum = 0;
  for (let i = scales.length; i > 0; i--) {
    const scaled = features[at + i - 1] * scales[i - 1];
    elevated[i] = sum - i * scaled;
    sum += scaled;
  }
  elevated[0] = sum;
}

/** The lattice point below, whose coordinates are multiples of d + 1, and the order of the remainders. */
function findSimplex(elevated: Float64Array, base: Int32Array, rank: Int32Array): void {
  const side = elevated.length;
  let sum = 0;
  for (let i = 0; i < side; i++) {
    const rounded = Math.round(elevated[i] / side);
    base[i] = rounded * side;
    sum += rounded;
  }
  rank.fill(0);
  for (let i = 0; i < side - 1; i++) {
    const rest = elevated[i] - base[i];
    for (let j = i + 1; j < side; j++) rank[rest < elevated[j] - base[j] ? i : j]++;
  }
  // Rounding may have left the hyperplane: the coordinates that were rounded most go back.
  for (let i = 0; i < side && sum !== 0; i++) {
    rank[i] += sum;
    if (rank[i] < 0) {
      rank[i] += side;
      base[i] += side;
    } else if (rank[i] >= side) {
      rank[i] -= side;
      base[i] -= side;
    }
  }
}

function findNeighbors(table: KeyTable, d: number, cornerCount: number): Int32Array {
  const neighbors = new Int32Array((d + 1) * (cornerCount + 1) * 2);
  const before = new Int32Array(d);
  const after = new Int32Array(d);
  for (let axis = 0, at = 0; axis <= d; axis++) {
    at += 2;
    for (let corner = 1; corner <= cornerCount; corner++) {
      for (let i = 0; i < d; i++) {
        const coordinate = table.keys()[(corner - 1) * d + i];
        before[i] = coordinate - (i === axis ? -d : 1);
        after[i] = coordinate + (i === axis ? -d : 1);
      }
      neighbors[at++] = table.find(before);
      neighbors[at++] = table.find(after);
    }
  }
  return neighbors;
}

/** Integer vectors numbered from 1 in the order they come. */
interface KeyTable {
  /** [count, d] */
  keys(): Int32Array;
  count(): number;
  /** The number of a key, a new one if need be. */
  place(key: Int32Array): number;
  /** The number of a key, 0 if it has none. */
  find(key: Int32Array): number;
}

function createKeyTable(d: number, expected: number): KeyTable {
  let slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(16, 2 * expected))));
  let keys = new Int32Array(Math.max(8, expected) * d);
  let count = 0;
  /** The slot of a key, or the free one where it belongs. */
  const slotOf = (key: Int32Array): number => {
    let hash = 0;
    for (let i = 0; i < d; i++) hash = Math.imul(hash + key[i], 0x9e3779b1);
    const mask = slots.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      if (slots[slot] === 0) return slot;
      const at = (slots[slot] - 1) * d;
      let i = 0;
      while (i < d && keys[at + i] === key[i]) i++;
      if (i === d) return slot;
    }
  };
  const grow = (): void => {
    slots = new Int32Array(2 * slots.length);
    for (let k = 0; k < count; k++) slots[slotOf(keys.subarray(k * d, (k + 1) * d))] = k + 1;
  };
  return {
    keys: () => keys,
    count: () => count,
    place(key) {
      const slot = slotOf(key);
      if (slots[slot] !== 0) return slots[slot];
      if ((count + 1) * d > keys.length) {
        const larger = new Int32Array(2 * keys.length);
        larger.set(keys);
        keys = larger;
      }
      keys.set(key, count * d);
      slots[slot] = ++count;
      if (2 * count > slots.length) grow();
      return count;
    },
    find: (key) => slots[slotOf(key)],
  };
}
