import { apply, type Tensor } from "../graph.ts";
import { defineOp, type NoAttributes, onnxNode } from "../op.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { cast, greater } from "./compare.ts";
import { erf, exp, sigmoid } from "./elementwise.ts";
import { expectFloat } from "./operand.ts";

const reluOp = defineOp<NoAttributes>({
  name: "relu",
  infer: ([x]) => {
    expectFloat("relu", x);
    return x;
  },
  emit: onnxNode("Relu"),
  // A product with 0 and 1 takes two thirds of the time of ONNX Runtime's Where.
  vjp: ({ outputs: [y], cotangent }) => [() => mul(cotangent, cast(greater(y, 0), y.dtype))],
  broadcastCotangent: true,
});

/** max(x, 0); its gradient at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return apply(reluOp, [x], {});
}

const geluOp = defineOp<NoAttributes>({
  name: "gelu",
  infer: ([x]) => {
    expectFloat("gelu", x);
    return x;
  },
  emit: onnxNode("Gelu"),
  // Φ(x) + xφ(x), Φ and φ the standard normal distribution and its density.
  vjp: ({ inputs: [x], cotangent }) => [
    () => {
      const density = exp(mul(mul(x, -0.5), x)); // √2π φ(x)
      const distribution = add(erf(mul(x, Math.SQRT1_2)), 1); // 2 Φ(x)
      const slope = add(mul(distribution, 0.5), mul(mul(x, density), 1 / Math.sqrt(2 * Math.PI)));
      return mul(cotangent, slope);
    },
  ],
  broadcastCotangent: true,
});

/** x Φ(x), Φ the standard normal distribution, by erf (not the tanh approximation). */
export function gelu(x: Tensor): Tensor {
  return apply(geluOp, [x], {});
}

/**
 * x · s with s = σ(αx), which the caller has to pass: what s contributes to the gradient is in that of x, so that
 * forwards and backwards share one sigmoid. ONNX Runtime makes one QuickGelu of it where nobody else needs s.
 */
const swishOp = defineOp<{ readonly alpha: number }>({
  name: "swish",
  infer: ([x]) => x,
  emit: onnxNode("Mul"),
  vjp: ({ inputs: [, s], outputs: [y], attributes: { alpha }, cotangent }) => [
    () => mul(cotangent, add(s, mul(mul(y, sub(1, s)), alpha))), // s + αxs(1 − s)
    null,
  ],
  broadcastCotangent: true,
});

function swish(x: Tensor, alpha: number): Tensor {
  return apply(swishOp, [x, sigmoid(mul(x, alpha))], { alpha });
}

/** x σ(1.702x), the GELU that CLIP was trained with. */
export function quickGelu(x: Tensor): Tensor {
  return swish(x, 1.702);
}

/** x σ(x) */
export function silu(x: Tensor): Tensor {
  return swish(x, 1);
}

const stopGradientOp = defineOp({ name: "stopGradient", infer: ([x]) => x, emit: onnxNode("Identity") });

/** x as a constant of the differentiation: no gradient flows back through it. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientOp, [x], {});
}
