export * from "./gradients.ts";
export {
  type ConstantOptions,
  constant,
  createGraph,
  type ExternalData,
  type Graph,
  input,
  type Node,
  type Numbers,
  type Tensor,
  type TensorType,
} from "./graph.ts";
export { emitModel, inputsOf } from "./onnx.ts";
export * from "./ops/activation.ts";
export * from "./ops/arithmetic.ts";
export * from "./ops/attention.ts";
export * from "./ops/compare.ts";
export type { Pair, Sides, WindowOptions } from "./ops/conv-geometry.ts";
export { type ConvOptions, type ConvTransposeOptions, conv2d, convTranspose2d } from "./ops/convolution.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/indexing.ts";
export * from "./ops/layout.ts";
export * from "./ops/linear.ts";
export * from "./ops/normalization.ts";
export type { Operand } from "./ops/operand.ts";
export * from "./ops/pool.ts";
export { max, mean, min, type ReduceOptions, sum } from "./ops/reduce.ts";
export * from "./ops/reshape.ts";
export * from "./ops/resize.ts";
export * from "./ops/slicing.ts";
export * from "./ops/softmax.ts";
export { type Dim, formatShape, type Shape, staticShape } from "./shape.ts";
