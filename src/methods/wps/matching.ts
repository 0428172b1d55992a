import type { NdArray } from "../../core/array.ts";
import { invalid, shapeMismatch } from "../../core/error.ts";
import { assignLinear } from "../../core/linear-assignment.ts";
import { formatShape } from "../../engine/index.ts";
import type { PartTargets } from "./targets.ts";

/** What the queries of one picture say: logits [Q, classes + 1] and tokens [Q, T, C]. */
export interface QueryOutputs {
  readonly logits: NdArray<"float32">;
  readonly tokens: NdArray<"float32">;
}

export interface CostWeights {
  /** Of the probability of the target's class. Default 10. */
  readonly class?: number;
  /** Of the distance between the tokens. Default 1. */
  readonly token?: number;
}

/**
 * What it costs that a query stands for a part: −w_class · p(class) + w_token · ‖tokens − teacher‖₂, all T · C numbers in one norm.
 *
 * @returns  [Q, N]
 * @see WPS-SAM, section 3.3; weights of the published configuration
 */
export function matchingCosts(
  { logits, tokens }: QueryOutputs,
  targets: PartTargets,
  { class: classWeight = 10, token: tokenWeight = 1 }: CostWeights = {},
): NdArray<"float64"> {
  const [queries, columns] = logits.shape;
  const count = targets.classIds.length;
  checkTargets(tokens, targets, columns - 1);
  const size = tokens.data.length / queries;
  const [given, wanted] = [tokens.data, targets.tokens.data];
  const data = new Float64Array(queries * count);
  for (let q = 0, p = 0; q < queries; q++) {
    const probabilities = softmax(logits.data.subarray(q * columns, (q + 1) * columns));
    for (let n = 0; n < count; n++, p++) {
      let sum = 0;
      for (let a = q * size, b = n * size, end = a + size; a < end; a++, b++)
        sum += (given[a] - wanted[b]) ** 2;
      data[p] = tokenWeight * Math.sqrt(sum) - classWeight * probabilities[targets.classIds[n] - 1];
    }
  }
  return { dtype: "float64", shape: [queries, count], data };
}

/**
 * The query that stands for each part, so that the costs together are smallest; −1 for parts that are left over when there are more of
 * them than queries: those that would cost most.
 *
 * Differs: the original fails when there are more parts than queries.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when an output is not finite
 */
export function matchQueries(outputs: QueryOutputs, targets: PartTargets, weights?: CostWeights): Int32Array {
  const matched = new Int32Array(targets.classIds.length).fill(-1);
  assignLinear(matchingCosts(outputs, targets, weights)).columns.forEach((n, q) => {
    if (n >= 0) matched[n] = q;
  });
  return matched;
}

/** Probabilities of the classes of one query. */
export function softmax(logits: Float32Array): Float64Array {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const result = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = result.reduce((total, value) => total + value, 0);
  return result.map((value) => value / sum);
}

function checkTargets({ shape }: NdArray, { classIds, tokens }: PartTargets, classCount: number): void {
  // The tokens of no prompt have no shape.
  if (classIds.length === 0) return;
  const expected = formatShape([classIds.length, ...shape.slice(1)]);
  if (formatShape(tokens.shape) !== expected)
    throw shapeMismatch("matchQueries: targets' tokens", expected, formatShape(tokens.shape));
  for (let n = 0; n < classIds.length; n++) {
    const id = classIds[n];
    if (!(Number.isInteger(id) && id >= 1 && id <= classCount))
      throw invalid("matchQueries: targets' classes", `ids 1 to ${classCount}`, id);
  }
}
