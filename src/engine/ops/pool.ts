import { elementCount } from "../../core/array.ts";
import { apply, constant, type Tensor } from "../graph.ts";
import { defineOp, type OnnxAttributes } from "../op.ts";
import { staticShape } from "../shape.ts";
import { mul } from "./arithmetic.ts";
import {
  type Pair,
  pictureSize,
  toPair,
  type WindowAttributes,
  type WindowOptions,
  windowAttributes,
  windowCounts,
} from "./conv-geometry.ts";
import { convTranspose2d } from "./convolution.ts";
import { scatterAdd } from "./indexing.ts";
import { broadcastTo } from "./layout.ts";
import { expectFloat, expectRank } from "./operand.ts";
import { reshape } from "./reshape.ts";

interface PoolAttributes extends WindowAttributes {
  readonly kernel: readonly [number, number];
}

/** Outputs: the maxima and where they were, as positions in all of x. */
const maxPoolOp = defineOp<PoolAttributes>({
  name: "maxPool2d",
  infer: ([x], attributes) => {
    const shape = pooledShape("maxPool2d", x, attributes);
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: "int64" },
    ];
  },
  emit: ({ inputs, outputs, attributes, add }) => add("MaxPool", inputs, outputs, onnxAttributes(attributes)),
  vjp: ({ inputs: [x], outputs: [, places], cotangent }) => [
    () => {
      const length = elementCount(staticShape("maxPool2d", x.shape));
      const flat = scatterAdd(reshape(cotangent, [-1]), reshape(places, [-1]), { length });
      return reshape(flat, x.shape);
    },
  ],
});

/** The largest element of each window of [N, C, H, W]; pads never win, and the first of equals gets the gradient. */
export function maxPool2d(x: Tensor, kernel: Pair, options: WindowOptions = {}): Tensor {
  return apply(maxPoolOp, [x], poolAttributes("maxPool2d", kernel, options));
}

const avgPoolOp = defineOp<PoolAttributes>({
  name: "avgPool2d",
  infer: ([x], attributes) => ({ shape: pooledShape("avgPool2d", x, attributes), dtype: x.dtype }),
  emit: ({ inputs, outputs, attributes, add }) =>
    add("AveragePool", inputs, outputs, { ...onnxAttributes(attributes), count_include_pad: 1 }),
  vjp: ({ inputs: [x], attributes, cotangent }) => [() => spreadAverage(cotangent, x, attributes)],
});

/** The mean of each window of [N, C, H, W]; pads count as zeros, as in PyTorch. Windows have no dilation. */
export function avgPool2d(x: Tensor, kernel: Pair, options: Omit<WindowOptions, "dilation"> = {}): Tensor {
  return apply(avgPoolOp, [x], poolAttributes("avgPool2d", kernel, options));
}

/** The transpose of average pooling. */
function spreadAverage(g: Tensor, x: Tensor, { kernel: [kh, kw], strides, pads }: PoolAttributes): Tensor {
  const [count, channels, height, width] = staticShape("avgPool2d", x.shape);
  const [rows, columns] = pictureSize("avgPool2d", g);
  const share = mul(g, 1 / (kh * kw));
  const tiles = strides[0] === kh && strides[1] === kw && rows * kh === height && columns * kw === width;
  if (tiles && pads.every((pad) => pad === 0)) {
    const repeated = broadcastTo(reshape(share, [count, channels, rows, 1, columns, 1]), [
      ...[count, channels, rows, kh, columns, kw],
    ]);
    return reshape(repeated, x.shape);
  }
  const ones = broadcastTo(constant(x.graph, 1), [channels, 1, kh, kw]);
  const outputPad = [
    height + pads[0] + pads[2] - (rows - 1) * strides[0] - kh,
    width + pads[1] + pads[3] - (columns - 1) * strides[1] - kw,
  ] as const;
  return convTranspose2d(share, ones, { stride: strides, pad: pads, outputPad, groups: channels });
}

function poolAttributes(op: string, kernel: Pair, options: WindowOptions): PoolAttributes {
  const { stride = kernel, ...rest } = options;
  return { kernel: toPair(kernel), ...windowAttributes(op, { stride, ...rest }) };
}

function pooledShape(op: string, x: Tensor, attributes: PoolAttributes): Tensor["shape"] {
  expectFloat(op, x);
  expectRank(op, "x", x, "[N, C, H, W]");
  return [...x.shape.slice(0, 2), ...windowCounts(op, x, attributes.kernel, attributes)];
}

function onnxAttributes({ kernel, strides, pads, dilations }: PoolAttributes): OnnxAttributes {
  return { kernel_shape: kernel, strides, pads, dilations };
}
