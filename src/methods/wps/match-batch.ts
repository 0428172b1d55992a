import type { NdArray } from "../../core/array.ts";
import type { Arrays } from "../../engine/index.ts";
import { type CostWeights, matchQueries, type QueryOutputs } from "./matching.ts";
import type { PartTargets } from "./targets.ts";

/** A batch's matching: what the graph is fed, and how well its queries did. */
export interface Matching {
  readonly feeds: Arrays;
  readonly counts: MatchCounts;
}

/** Numbers of queries, and of parts. */
export interface MatchCounts {
  readonly queries: number;
  /** Queries that say what they should. */
  readonly right: number;
  readonly matched: number;
  readonly rightMatched: number;
  /** Parts beyond the queries. */
  readonly leftOver: number;
}

/** Matches each picture's queries with its parts, by what `prompt` gave. */
export function matchBatch(
  outputs: Arrays,
  targets: readonly PartTargets[],
  costs: CostWeights | undefined,
): Matching {
  const [batch, queries, columns] = outputs.logits.shape;
  const tokenShape = outputs.tokens.shape.slice(2);
  const size = tokenShape[0] * tokenShape[1];
  const classes = new BigInt64Array(batch * queries).fill(BigInt(columns - 1));
  const tokens = new Float32Array(batch * queries * size);
  const shares = new Float32Array(batch * queries);
  let [right, matched, rightMatched, leftOver] = [0, 0, 0, 0];
  targets.forEach((target, b) => {
    const own = queryOutputs(outputs, b);
    const found = matchQueries(own, target, costs);
    const count = Math.min(found.length, queries);
    leftOver += found.length - count;
    matched += count;
    found.forEach((q, n) => {
      if (q < 0) return;
      const at = b * queries + q;
      classes[at] = BigInt(target.classIds[n] - 1);
      tokens.set(target.tokens.data.subarray(n * size, (n + 1) * size), at * size);
      shares[at] = 1 / count;
    });
    for (let q = 0; q < queries; q++) {
      const wanted = Number(classes[b * queries + q]);
      if (largest(own.logits.data.subarray(q * columns, (q + 1) * columns)) !== wanted) continue;
      right++;
      if (shares[b * queries + q] > 0) rightMatched++;
    }
  });
  const feeds: Arrays = {
    "target/classes": { dtype: "int64", shape: [batch, queries], data: classes },
    "target/tokens": { dtype: "float32", shape: [batch, queries, ...tokenShape], data: tokens },
    "target/shares": { dtype: "float32", shape: [batch, queries], data: shares },
  };
  return { feeds, counts: { queries: batch * queries, right, matched, rightMatched, leftOver } };
}

/** The outputs for one picture of a batch; views. */
export function queryOutputs({ logits, tokens }: Arrays, picture: number): QueryOutputs {
  const part = ({ shape, data }: NdArray): NdArray<"float32"> => {
    const size = data.length / shape[0];
    const own = (data as Float32Array).subarray(picture * size, (picture + 1) * size);
    return { dtype: "float32", shape: shape.slice(1), data: own };
  };
  return { logits: part(logits), tokens: part(tokens) };
}

/** Shares of queries that say what they should, of all and of those that were matched: a recall of 1 where no picture has a part. */
export function tally(
  matchings: readonly MatchCounts[],
): Readonly<Record<"accuracy" | "recall" | "left over", number>> {
  const sum = (key: keyof MatchCounts): number => matchings.reduce((total, counts) => total + counts[key], 0);
  const matched = sum("matched");
  return {
    accuracy: sum("right") / sum("queries"),
    recall: matched === 0 ? 1 : sum("rightMatched") / matched,
    "left over": sum("leftOver"),
  };
}

/** Position of the largest value, the first of equals. */
export function largest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
