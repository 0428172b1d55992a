import { broadcastShapes } from "../broadcast.ts";
import { apply, type Tensor } from "../graph.ts";
import { defineOp, float, onnxNode } from "../op.ts";
import { countOf, type Dim, formatShape, opError, type Shape } from "../shape.ts";
import { add } from "./arithmetic.ts";
import { transposeLast } from "./layout.ts";
import { expectFloat } from "./operand.ts";
import { sum, sumTo } from "./reduce.ts";
import { reshape } from "./reshape.ts";

export interface MatmulOptions {
  /** Exchange the last two axes of an operand first. Costs nothing. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Factor on the product. Costs nothing. */
  readonly alpha?: number;
}

type MatmulAttributes = Required<MatmulOptions>;

const matmulOp = defineOp<MatmulAttributes>({
  name: "matmul",
  infer: ([a, b], { transposeA, transposeB }) => {
    expectFloat("matmul", a, b);
    const [m, k] = lastTwo(a.shape, transposeA);
    const [inner, n] = lastTwo(b.shape, transposeB);
    if (k !== inner) throw cannotMultiply("matmul", a, b, { transposeA, transposeB });
    const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { shape: [...batch, m, n], dtype: a.dtype };
  },
  emit({ inputs, outputs, attributes: { transposeA, transposeB, alpha }, add }) {
    if (!transposeA && !transposeB && alpha === 1) add("MatMul", inputs, outputs);
    else
      add("com.microsoft:FusedMatMul", inputs, outputs, {
        transA: Number(transposeA),
        transB: Number(transposeB),
        alpha: float(alpha),
      });
  },
  vjp({ inputs: [a, b], outputs: [y], attributes: { transposeA, transposeB, alpha }, cotangent: g }) {
    // With A and B as multiplied: ∂A = αGBᵀ, ∂B = αAᵀG; a transposed operand gets the transpose of that.
    const toA = (): Tensor =>
      transposeA
        ? product(b, g, { transposeA: transposeB, transposeB: true, alpha })
        : product(g, b, { transposeB: !transposeB, alpha });
    const [first, second] = transposeB ? [g, a] : [a, g];
    const toB = (): Tensor =>
      transposeA
        ? product(first, second, { transposeA: transposeB, transposeB, alpha })
        : transposedProduct(first, second, alpha);
    const batch = y.shape.slice(0, -2);
    return [
      () => sumTo(toA(), [...batch, ...a.shape.slice(-2)], a.shape),
      () => sumTo(toB(), [...batch, ...b.shape.slice(-2)], b.shape),
    ];
  },
});

/**
 * α·Aᵀ·B. Of many products at once, a wide A is slow to transpose: for attention's 256 × 256 and 32 columns the transposed result takes three
 * quarters of the time, and transposing that is part of joining the heads.
 */
function transposedProduct(a: Tensor, b: Tensor, alpha: number): Tensor {
  const [columns, others] = [a, b].map(({ shape }) => countOf(shape.slice(-1)) ?? 1);
  if (a.shape.length === 2 || columns <= 2 * others) return product(a, b, { transposeA: true, alpha });
  return transposeLast(product(b, a, { transposeA: true, alpha }));
}

/**
 * The matrix product α·A·B over the last two axes; leading axes broadcast.
 *
 * @param a  [..., M, K], or [..., K, M] with transposeA
 * @param b  [..., K, N], or [..., N, K] with transposeB
 * @returns  [..., M, N]
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  if (a.shape.length < 2 || b.shape.length < 2) throw cannotMultiply("matmul", a, b, options);
  const { transposeA = false } = options;
  const rows = a.shape.slice(0, -1);
  // One matrix on the right of many is one product with all their rows, forwards and backwards.
  if (b.shape.length === 2 && a.shape.length > 2 && !transposeA && countOf(a.shape) !== null) {
    const flat = product(reshape(a, [-1, a.shape[a.shape.length - 1]]), b, options);
    return reshape(flat, [...rows, flat.shape[1]]);
  }
  return product(a, b, options);
}

function product(a: Tensor, b: Tensor, options: MatmulOptions): Tensor {
  const { transposeA = false, transposeB = false, alpha = 1 } = options;
  return apply(matmulOp, [a, b], { transposeA, transposeB, alpha });
}

interface LinearAttributes {
  readonly transposeWeight: boolean;
}

const linearOp = defineOp<LinearAttributes>({
  name: "linear",
  infer: ([x, weight, bias], { transposeWeight }) => {
    expectFloat("linear", x, weight, bias);
    const [k, n] = lastTwo(weight.shape, transposeWeight);
    if (x.shape[1] !== k || bias.shape.length !== 1 || bias.shape[0] !== n)
      throw opError(
        "linear",
        "x [..., K], weight [K, N] (or [N, K] transposed) and bias [N]",
        shapes(x, weight, bias),
      );
    return { shape: [x.shape[0], n], dtype: x.dtype };
  },
  emit: onnxNode("Gemm", ({ transposeWeight }) => ({ transB: Number(transposeWeight) })),
  vjp: ({ inputs: [x, weight], attributes: { transposeWeight }, cotangent: g }) => [
    () => product(g, weight, { transposeB: !transposeWeight }),
    () => (transposeWeight ? product(g, x, { transposeA: true }) : product(x, g, { transposeA: true })),
    () => sum(g, { axes: 0 }),
  ],
});

export interface LinearOptions {
  readonly bias?: Tensor;
  /** The weight is [N, K], as PyTorch stores it. */
  readonly transposeWeight?: boolean;
}

/**
 * x·W + b over the last axis.
 *
 * @param x       [..., K]
 * @param weight  [K, N], or [N, K] with transposeWeight
 * @returns       [..., N]
 */
export function linear(
  x: Tensor,
  weight: Tensor,
  { bias, transposeWeight = false }: LinearOptions = {},
): Tensor {
  if (x.shape.length < 1 || weight.shape.length !== 2)
    throw opError("linear", "x [..., K] and a weight of two axes", shapes(x, weight));
  const [k, n] = lastTwo(weight.shape, transposeWeight);
  const last = x.shape[x.shape.length - 1];
  if (last !== k) throw cannotMultiply("linear", x, weight, { transposeB: transposeWeight });
  const outer = x.shape.slice(0, -1);
  if (outer.filter((dim) => typeof dim === "string").length > 1) {
    // Two free dimensions cannot be folded into rows; ONNX Runtime does so itself once it knows them.
    const y = product(x, transposeWeight ? transposeLast(weight) : weight, {});
    return bias === undefined ? y : add(y, bias);
  }
  const rows = reshape(x, [outer.length === 1 ? outer[0] : -1, last]);
  const y =
    bias === undefined
      ? product(rows, weight, { transposeB: transposeWeight })
      : apply(linearOp, [rows, weight, bias], { transposeWeight });
  return reshape(y, [...outer, n]);
}

function lastTwo(shape: Shape, transposed: boolean): [Dim, Dim] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

function cannotMultiply(op: string, a: Tensor, b: Tensor, { transposeA, transposeB }: MatmulOptions): Error {
  const aLayout = transposeA ? "[..., K, M]" : "[..., M, K]";
  const bLayout = transposeB ? "[..., N, K]" : "[..., K, N]";
  return opError(op, `${aLayout} and ${bLayout}`, shapes(a, b));
}

function shapes(...tensors: readonly Tensor[]): string {
  return tensors.map(({ shape }) => formatShape(shape)).join(" and ");
}
