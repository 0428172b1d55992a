import { broadcastShapes } from "../broadcast.ts";
import { apply, constant, constantValue, type Tensor } from "../graph.ts";
import { type Cotangent, defineOp, type NoAttributes, type Op, onnxNode, type VjpCall } from "../op.ts";
import { sameShape } from "../shape.ts";
import { equal, greater, where } from "./compare.ts";
import { log, neg } from "./elementwise.ts";
import { type Operand, toTensors } from "./operand.ts";
import { sumTo } from "./reduce.ts";

/** ∂y/∂a · g and ∂y/∂b · g in the shape of y; the sum over repeated axes follows. */
type Partials = (a: Tensor, b: Tensor, g: Tensor, y: Tensor) => readonly [() => Tensor, () => Tensor];

function binary(name: string, type: string, partials: Partials): Op {
  return defineOp({
    name,
    infer: ([a, b]) => ({ shape: broadcastShapes(name, a.shape, b.shape), dtype: a.dtype }),
    emit: onnxNode(type),
    vjp({ inputs: [a, b], outputs: [y], cotangent }: VjpCall<NoAttributes>): readonly Cotangent[] {
      const [toA, toB] = partials(a, b, cotangent, y);
      return [() => sumTo(toA(), y.shape, a.shape), () => sumTo(toB(), y.shape, b.shape)];
    },
    broadcastCotangent: true,
  });
}

const addOp = binary("add", "Add", (_a, _b, g) => [() => g, () => g]);
const subOp = binary("sub", "Sub", (_a, _b, g) => [() => g, () => neg(g)]);
const mulOp = binary("mul", "Mul", (a, b, g) => [() => mul(g, b), () => mul(g, a)]);
const divOp = binary("div", "Div", (_a, b, g, y) => [() => div(g, b), () => neg(div(mul(g, y), b))]);
const powOp = binary("pow", "Pow", (a, b, g, y) => [
  () => mul(g, mul(b, pow(a, sub(b, 1)))),
  // 0^b is constant in b for b > 0, where log 0 would make it NaN.
  () => mul(g, where(greater(a, 0), mul(y, log(where(greater(a, 0), a, 1))), 0)),
]);
const maximumOp = binary("maximum", "Max", (a, b, g) => [
  () => mul(g, preference(a, b)),
  () => mul(g, preference(b, a)),
]);
const minimumOp = binary("minimum", "Min", (a, b, g) => [
  () => mul(g, preference(b, a)),
  () => mul(g, preference(a, b)),
]);

/** 1 where a > b, ½ where they are equal (as PyTorch shares a tie), 0 elsewhere. */
function preference(a: Tensor, b: Tensor): Tensor {
  return where(equal(a, b), 0.5, where(greater(a, b), constant(a.graph, 1), 0));
}

/** a + b, broadcast. */
export function add(a: Operand, b: Operand): Tensor {
  return neutral(a, b, 0) ?? neutral(b, a, 0) ?? arithmetic(addOp, a, b, (x, y) => x + y);
}

/** a − b, broadcast. */
export function sub(a: Operand, b: Operand): Tensor {
  return neutral(a, b, 0) ?? arithmetic(subOp, a, b, (x, y) => x - y);
}

/** a · b, broadcast, element by element. */
export function mul(a: Operand, b: Operand): Tensor {
  return neutral(a, b, 1) ?? neutral(b, a, 1) ?? arithmetic(mulOp, a, b, (x, y) => x * y);
}

/** a / b, broadcast. */
export function div(a: Operand, b: Operand): Tensor {
  return neutral(a, b, 1) ?? arithmetic(divOp, a, b, (x, y) => x / y);
}

/** a^b, broadcast. The gradient by b is 0 where a ≤ 0. */
export function pow(a: Operand, b: Operand): Tensor {
  if (numberOf(b) === 2 && typeof a !== "number") return mul(a, a);
  return neutral(a, b, 1) ?? arithmetic(powOp, a, b, (x, y) => x ** y);
}

/** The larger of each pair; equal ones share the gradient. */
export function maximum(a: Operand, b: Operand): Tensor {
  return arithmetic(maximumOp, a, b, Math.max);
}

/** The smaller of each pair; equal ones share the gradient. */
export function minimum(a: Operand, b: Operand): Tensor {
  return arithmetic(minimumOp, a, b, Math.min);
}

function arithmetic(op: Op, a: Operand, b: Operand, fold: (x: number, y: number) => number): Tensor {
  const [x, y] = toTensors(op.name, a, b);
  const [u, v] = [constantValue(x), constantValue(y)];
  if (u === null || v === null) return apply(op, [x, y], {});
  // Two one-element constants, as chain rules make them; the result keeps all axes, of length 1.
  const shape = broadcastShapes(op.name, x.shape, y.shape) as number[];
  return constant(x.graph, [fold(u, v)], { shape, dtype: x.dtype });
}

/** `x` itself when `other` is the op's neutral number and adds no axis. */
function neutral(x: Operand, other: Operand, number: number): Tensor | null {
  if (typeof x === "number" || numberOf(other) !== number) return null;
  if (typeof other === "number") return x;
  return x.dtype === other.dtype && sameShape(broadcastShapes("", x.shape, other.shape), x.shape) ? x : null;
}

function numberOf(operand: Operand): number | null {
  return typeof operand === "number" ? operand : constantValue(operand);
}
