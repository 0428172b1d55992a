import type { NdArray } from "../core/array.ts";
import { input, type Tensor } from "./graph.ts";
import { add, mul } from "./ops/arithmetic.ts";
import { greater, less, logicalAnd, where } from "./ops/compare.ts";
import { abs } from "./ops/elementwise.ts";
import { reshape } from "./ops/reshape.ts";
import { OPTIMIZER_PREFIX } from "./optimizer-definition.ts";

type Tensors = Readonly<Record<string, Tensor>>;

const MAX_FLOAT32 = 3.4e38;
const shareKey = `${OPTIMIZER_PREFIX}share`;
const isFirstKey = `${OPTIMIZER_PREFIX}is first`;
const isLastKey = `${OPTIMIZER_PREFIX}is last`;

/** The input that holds the sum of a parameter's gradients from one micro-batch to the next. */
export function sumKey(name: string): string {
  return `${OPTIMIZER_PREFIX}sum/${name}`;
}

/**
 * Adds the sum of gradients over the micro-batches of a step to a training graph. It gets an input for each sum ({@link sumKey}), and the scalars
 * that `microBatchFeeds` gives.
 *
 * @returns the sums by name, and whether the micro-batch is the last of its step
 */
export function addSums(gradients: Tensors): {
  readonly sums: Record<string, Tensor>;
  readonly isLast: Tensor;
} {
  const { graph } = Object.values(gradients)[0];
  const [share, isFirst, isLast] = [shareKey, isFirstKey, isLastKey].map((key) => input(graph, key, []));
  const sums = Object.entries(gradients).map(([name, gradient]) => {
    // Not a product with 0 on the first: what is left of a step that was not finite would stay.
    const before = where(greater(isFirst, 0.5), 0, input(graph, sumKey(name), gradient.shape));
    return [name, add(before, mul(gradient, share))];
  });
  return { sums: Object.fromEntries(sums), isLast: greater(isLast, 0.5) };
}

/** What the scalar inputs of `addSums` are fed. */
export function microBatchFeeds(
  index: number,
  count: number,
  isLast: boolean,
): Record<string, NdArray<"float32">> {
  const values = { [shareKey]: 1 / count, [isFirstKey]: Number(index === 0), [isLastKey]: Number(isLast) };
  const feed = (value: number): NdArray<"float32"> => ({
    dtype: "float32",
    shape: [],
    data: Float32Array.of(value),
  });
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, feed(value)]));
}

/** Whether values of one element are all finite: a bool. By comparison, since a GPU may assume that x − x is 0. */
export function areFinite(values: readonly Tensor[]): Tensor {
  return values
    .map((value) => less(abs(reshape(value, [])), MAX_FLOAT32))
    .reduce((all, each) => logicalAnd(all, each));
}
