import { apply, type Tensor } from "../graph.ts";
import { type Cotangent, defineOp, type OnnxAttributes, onnxNode } from "../op.ts";
import { formatShape, opError, staticShape } from "../shape.ts";
import {
  type Pair,
  pictureSize,
  toPair,
  type WindowAttributes,
  type WindowOptions,
  windowAttributes,
  windowCounts,
} from "./conv-geometry.ts";
import { filterGradient } from "./filter-gradient.ts";
import { transpose } from "./layout.ts";
import { expectFloat, expectRank } from "./operand.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { flip, slice } from "./slicing.ts";

export interface ConvAttributes extends WindowAttributes {
  readonly groups: number;
}

export interface ConvOptions extends WindowOptions {
  /** Parts into which the channels fall; as many as input channels make it depthwise. */
  readonly groups?: number;
  /** [channels of the result] */
  readonly bias?: Tensor;
}

const convOp = defineOp<ConvAttributes>({
  name: "conv2d",
  infer: ([x, weight, bias], attributes) => {
    const { groups } = attributes;
    const [outputs, inputs, ...kernel] = checkWeight("conv2d", x, weight);
    if (x.shape[1] !== inputs * groups || outputs % groups !== 0)
      throw opError("conv2d", "x [N, C, H, W] and weight [O, C/groups, kh, kw]", describe(x, weight, groups));
    checkBias("conv2d", bias, outputs);
    return { shape: [x.shape[0], outputs, ...windowCounts("conv2d", x, kernel, attributes)], dtype: x.dtype };
  },
  emit: onnxNode("Conv", onnxAttributes),
  vjp({ inputs: [x, weight, bias], attributes, cotangent: g }) {
    const cotangents: Cotangent[] = [
      () => inputGradient(g, weight, pictureSize("conv2d", x), attributes),
      () => filterGradient(x, g, weight.shape.slice(-2) as number[], attributes),
    ];
    return bias === undefined ? cotangents : [...cotangents, () => sum(g, { axes: [0, 2, 3] })];
  },
});

/**
 * Cross-correlation y[n, o, i, j] = b[o] + Σ w[o, c, u, v] · x[n, c, i·stride + u·dilation − pad, …], zero outside x.
 *
 * @param x       [N, C, H, W]
 * @param weight  [O, C/groups, kh, kw]
 * @returns       [N, O, H', W'], H' = ⌊(H + pads − dilation·(kh − 1) − 1) / stride⌋ + 1
 */
export function conv2d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  const { bias, groups = 1 } = options;
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  return apply(convOp, inputs, { ...windowAttributes("conv2d", options), groups });
}

export interface ConvTransposeAttributes extends ConvAttributes {
  /** Rows and columns added at the bottom and right. */
  readonly outputPads: readonly [number, number];
}

const convTransposeOp = defineOp<ConvTransposeAttributes>({
  name: "convTranspose2d",
  infer: ([x, weight, bias], { strides, pads, dilations, groups, outputPads }) => {
    const [inputs, outputs, ...kernel] = checkWeight("convTranspose2d", x, weight);
    if (x.shape[1] !== inputs || inputs % groups !== 0)
      throw opError(
        "convTranspose2d",
        "x [N, C, H, W] and weight [C, O/groups, kh, kw]",
        describe(x, weight, groups),
      );
    checkBias("convTranspose2d", bias, outputs * groups);
    const sizes = pictureSize("convTranspose2d", x).map(
      (size, i) =>
        (size - 1) * strides[i] - pads[i] - pads[i + 2] + dilations[i] * (kernel[i] - 1) + 1 + outputPads[i],
    );
    if (sizes.some((size) => size < 1))
      throw opError("convTranspose2d", "a picture larger than its pads", formatShape(x.shape));
    return { shape: [x.shape[0], outputs * groups, ...sizes], dtype: x.dtype };
  },
  emit: onnxNode("ConvTranspose", (attributes) => ({
    ...onnxAttributes(attributes),
    output_padding: attributes.outputPads,
  })),
  vjp({ inputs: [x, weight, bias], attributes, cotangent: g }) {
    const { outputPads: _, ...window } = attributes;
    const [height, width] = pictureSize("convTranspose2d", x);
    const back = (): Tensor =>
      // Output pads of a whole stride or more would make the correlation larger than x.
      slice(apply(convOp, [g, weight], window), { axis: 2, end: height }, { axis: 3, end: width });
    const cotangents: Cotangent[] = [
      back,
      () => filterGradient(g, x, weight.shape.slice(-2) as number[], window),
    ];
    return bias === undefined ? cotangents : [...cotangents, () => sum(g, { axes: [0, 2, 3] })];
  },
});

export interface ConvTransposeOptions extends ConvOptions {
  readonly outputPad?: Pair;
}

/**
 * The transpose of {@link conv2d} as a linear map: each element of x adds a copy of its filter to the result.
 *
 * @param x       [N, C, H, W]
 * @param weight  [C, O/groups, kh, kw]
 * @returns       [N, O, H', W'], H' = (H − 1)·stride − pads + dilation·(kh − 1) + 1 + outputPad
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const { bias, groups = 1, outputPad = 0 } = options;
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  const outputPads = toPair(outputPad);
  return apply(convTransposeOp, inputs, {
    ...windowAttributes("convTranspose2d", options),
    groups,
    outputPads,
  });
}

/** Cotangent of the correlated picture of the given size. */
function inputGradient(
  g: Tensor,
  weight: Tensor,
  size: readonly number[],
  attributes: ConvAttributes,
): Tensor {
  const { strides, pads, dilations, groups } = attributes;
  const reach = weight.shape.slice(-2).map((length, i) => dilations[i] * ((length as number) - 1));
  const rest = [0, 1, 2, 3].map((side) => reach[side % 2] - pads[side]) as [number, number, number, number];
  if (strides.every((stride) => stride === 1) && rest.every((pad) => pad >= 0)) {
    // Correlation with the filter turned around: twice as fast in ONNX Runtime as ConvTranspose.
    return apply(convOp, [g, turnFilter(weight, groups)], { strides, pads: rest, dilations, groups });
  }
  const counts = pictureSize("conv2d", g);
  const outputPads = size.map(
    (length, i) => length - ((counts[i] - 1) * strides[i] - pads[i] - pads[i + 2] + reach[i] + 1),
  ) as [number, number];
  return apply(convTransposeOp, [g, weight], { ...attributes, outputPads });
}

/** [O, C/groups, kh, kw] as [C, O/groups, kh, kw] with both kernel axes turned around. */
function turnFilter(weight: Tensor, groups: number): Tensor {
  const [outputs, inputs, kh, kw] = staticShape("conv2d", weight.shape);
  const grouped = reshape(flip(weight, [2, 3]), [groups, outputs / groups, inputs, kh, kw]);
  return reshape(transpose(grouped, [0, 2, 1, 3, 4]), [groups * inputs, outputs / groups, kh, kw]);
}

function onnxAttributes({ strides, pads, dilations, groups }: ConvAttributes): OnnxAttributes {
  return { strides, pads, dilations, group: groups };
}

function checkWeight(op: string, x: Tensor, weight: Tensor): readonly number[] {
  expectFloat(op, x, weight);
  expectRank(op, "x", x, "[N, C, H, W]");
  expectRank(op, "weight", weight, "[O, C/groups, kh, kw]");
  return staticShape(op, weight.shape);
}

function checkBias(op: string, bias: Tensor | undefined, channels: number): void {
  if (bias === undefined) return;
  expectFloat(op, bias);
  if (bias.shape.length !== 1 || bias.shape[0] !== channels)
    throw opError(`${op}: bias`, `[${channels}]`, formatShape(bias.shape));
}

function describe(x: Tensor, weight: Tensor, groups: number): string {
  return `${formatShape(x.shape)} and ${formatShape(weight.shape)}, groups ${groups}`;
}
