import { apply, type Tensor } from "../graph.ts";
import { defineOp, type NoAttributes, type Op, onnxNode } from "../op.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { greaterOrEqual, lessOrEqual, logicalAnd, where } from "./compare.ts";
import { expectFloat } from "./operand.ts";

/** An op on each element; `slope` is dy/dx times the cotangent g. */
function unary(name: string, type: string, slope: (x: Tensor, g: Tensor, y: Tensor) => Tensor): Op {
  return defineOp<NoAttributes>({
    name,
    infer: ([x]) => {
      expectFloat(name, x);
      return x;
    },
    emit: onnxNode(type),
    vjp: ({ inputs: [x], outputs: [y], cotangent }) => [() => slope(x, cotangent, y)],
    broadcastCotangent: true,
  });
}

const negOp = unary("neg", "Neg", (_x, g) => neg(g));
const reciprocalOp = unary("reciprocal", "Reciprocal", (_x, g, y) => neg(mul(g, mul(y, y))));
const expOp = unary("exp", "Exp", (_x, g, y) => mul(g, y));
const logOp = unary("log", "Log", (x, g) => div(g, x));
const sqrtOp = unary("sqrt", "Sqrt", (_x, g, y) => div(mul(g, 0.5), y));
const sinOp = unary("sin", "Sin", (x, g) => mul(g, cos(x)));
const cosOp = unary("cos", "Cos", (x, g) => neg(mul(g, sin(x))));
const tanhOp = unary("tanh", "Tanh", (_x, g, y) => mul(g, sub(1, mul(y, y))));
const sigmoidOp = unary("sigmoid", "Sigmoid", (_x, g, y) => mul(g, sub(y, mul(y, y))));
const erfOp = unary("erf", "Erf", (x, g) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))));
const absOp = unary("abs", "Abs", (x, g) => mul(g, sign(x)));

const signOp = defineOp({ name: "sign", infer: ([x]) => x, emit: onnxNode("Sign") });

/** −x */
export function neg(x: Tensor): Tensor {
  return apply(negOp, [x], {});
}

/** 1 / x */
export function reciprocal(x: Tensor): Tensor {
  return apply(reciprocalOp, [x], {});
}

/** eˣ */
export function exp(x: Tensor): Tensor {
  return apply(expOp, [x], {});
}

/** The natural logarithm. */
export function log(x: Tensor): Tensor {
  return apply(logOp, [x], {});
}

/** √x; its gradient at 0 is infinite. */
export function sqrt(x: Tensor): Tensor {
  return apply(sqrtOp, [x], {});
}

/** The sine of x in radians. */
export function sin(x: Tensor): Tensor {
  return apply(sinOp, [x], {});
}

/** The cosine of x in radians. */
export function cos(x: Tensor): Tensor {
  return apply(cosOp, [x], {});
}

/** (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ) */
export function tanh(x: Tensor): Tensor {
  return apply(tanhOp, [x], {});
}

/** 1 / (1 + e⁻ˣ) */
export function sigmoid(x: Tensor): Tensor {
  return apply(sigmoidOp, [x], {});
}

/** 2/√π ∫₀ˣ exp(−t²) dt */
export function erf(x: Tensor): Tensor {
  return apply(erfOp, [x], {});
}

/** |x|; its gradient at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return apply(absOp, [x], {});
}

/** −1, 0 or 1; no gradient flows through it. */
export function sign(x: Tensor): Tensor {
  return apply(signOp, [x], {});
}

interface ClipAttributes {
  readonly min: number;
  readonly max: number;
}

const clipOp = defineOp<ClipAttributes>({
  name: "clip",
  infer: ([x]) => {
    expectFloat("clip", x);
    return x;
  },
  emit({ inputs, outputs, attributes: { min, max }, add, floats }) {
    add(
      "Clip",
      [inputs[0], Number.isFinite(min) ? floats(min) : "", Number.isFinite(max) ? floats(max) : ""],
      outputs,
    );
  },
  vjp: ({ inputs: [x], attributes: { min, max }, cotangent }) => [
    () => where(logicalAnd(greaterOrEqual(x, min), lessOrEqual(x, max)), cotangent, 0),
  ],
  broadcastCotangent: true,
});

/** x limited to min ≤ y ≤ max. At a limit that x meets exactly the gradient passes, as in PyTorch. */
export function clip(x: Tensor, { min = -Infinity, max = Infinity }: { min?: number; max?: number }): Tensor {
  return apply(clipOp, [x], { min, max });
}

/** log(1 + eˣ), without overflow. */
export function softplus(x: Tensor): Tensor {
  return add(mul(0.5, add(x, abs(x))), log(add(1, exp(neg(abs(x))))));
}
