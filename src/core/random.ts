import { invalid } from "./error.ts";

/** The four 32-bit words of a generator: all that decides what it gives next. */
export type RandomState = readonly [a: number, b: number, c: number, counter: number];

/** A seeded source of numbers. The sequence is the same on every machine and in every version. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Uniform integer in [0, n), n ≤ 2^32. */
  integer(n: number): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Standard normal (Box–Muller; one call draws two uniforms). */
  normal(): number;
  /** Where the sequence stands now; `randomFromState` goes on from there. */
  state(): RandomState;
}

/**
 * A generator seeded by any integer or text.
 *
 * @see sfc32 of Chris Doty-Humphrey's PractRand: 128 bits of state, a counter guarantees a period of at least 2^32.
 */
export function random(seed: number | string): Random {
  // FNV-1a over the seed's text gives the first word; twelve rounds mix it through the state.
  let hash = 0x811c9dc5;
  for (const char of String(seed)) hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193);
  const generator = randomFromState([0x9e3779b9, 0x243f6a88, hash >>> 0, 1]);
  for (let i = 0; i < 12; i++) generator.next();
  return generator;
}

/** A generator that goes on where another's `state()` was taken. */
export function randomFromState(state: RandomState): Random {
  if (state.length !== 4 || state.some((value) => value !== value >>> 0)) {
    throw invalid("randomFromState: state", "four 32-bit words", state);
  }
  let [a, b, c, counter] = state.map((value) => value | 0);
  const word = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  const next = (): number => word() / 2 ** 32;
  return {
    next,
    integer: (n) => Math.floor(next() * n),
    between: (low, high) => low + next() * (high - low),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    state: () => [a >>> 0, b >>> 0, c >>> 0, counter >>> 0],
  };
}

/** A new array in random order (Fisher–Yates); the caller's array is not touched. */
export function shuffled<T>(items: readonly T[], { integer }: Random): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = integer(i + 1);
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}
