import { invalid } from "../../core/error.ts";
import { constant, type Tensor } from "../graph.ts";
import { formatShape, opError } from "../shape.ts";

/** A number stands for a scalar of the other operand's dtype. */
export type Operand = Tensor | number;

/** The operands as tensors of one dtype. At least one has to be a tensor, to say which graph. */
export function toTensors(op: string, ...operands: readonly Operand[]): Tensor[] {
  const like = operands.find((operand) => typeof operand !== "number");
  if (like === undefined) throw invalid(op, "at least one tensor", operands);
  return operands.map((operand) => {
    if (typeof operand === "number") return constant(like.graph, operand, { dtype: like.dtype });
    if (operand.dtype !== like.dtype)
      throw opError(op, "operands of one dtype", `${like.dtype} and ${operand.dtype}`, "use cast");
    return operand;
  });
}

/** Refuses everything but float32, the one dtype that is computed with (and differentiated) here. */
export function expectFloat(op: string, ...tensors: readonly Tensor[]): void {
  for (const { shape, dtype } of tensors)
    if (dtype !== "float32") throw opError(op, "float32", `${dtype} ${formatShape(shape)}`, "use cast");
}

/** Refuses a tensor of another number of axes; `layout` names them: "[N, C, H, W]". */
export function expectRank(op: string, what: string, { shape }: Tensor, layout: string): void {
  if (shape.length !== layout.split(",").length) throw opError(`${op}: ${what}`, layout, formatShape(shape));
}
