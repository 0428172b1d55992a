export { type ByteSource, byteSource } from "./byte-source.ts";
export * from "./checkpoint.ts";
export { type CompileOptions, compile, type Executable } from "./compile.ts";
export { compileTraining, type TrainingGraph, type TrainingOptions } from "./compile-training.ts";
export type { Device, DeviceOptions } from "./device.ts";
export { createExecutableCache, type ExecutableCache } from "./executable-cache.ts";
export { type FrozenWeightsOptions, frozenWeights } from "./external-weights.ts";
export { addGradients, clipGradients, gradientNorm } from "./flat-gradients.ts";
export {
  layoutParameters,
  type ParameterLayout,
  type ParameterSlot,
  packParameters,
  viewParameters,
} from "./flat-parameters.ts";
export * from "./gradients.ts";
export {
  apply,
  applyAll,
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
export * from "./initializers.ts";
export { measurePrecision, type PrecisionError } from "./measure-precision.ts";
export {
  formatValue,
  type LoadedModel,
  loadModel,
  type ModelSummary,
  type ModelValue,
  readModel,
} from "./model.ts";
export { addModelMetadata } from "./model-metadata.ts";
export { emitModel, type InputType, inputsOf } from "./onnx.ts";
export * from "./op.ts";
export * from "./ops/activation.ts";
export * from "./ops/arithmetic.ts";
export * from "./ops/attention.ts";
export * from "./ops/compare.ts";
export type { Pair, Sides, WindowOptions } from "./ops/conv-geometry.ts";
export { type ConvOptions, type ConvTransposeOptions, conv2d, convTranspose2d } from "./ops/convolution.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/indexing.ts";
export * from "./ops/joining.ts";
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
export * from "./optimizer.ts";
export type {
  AdamDefinition,
  MomentName,
  OptimizerDefinition,
  ParameterGroup,
  SgdDefinition,
} from "./optimizer-definition.ts";
export * from "./optimizer-graph.ts";
export * from "./optimizer-state.ts";
export { convertPrecision, type Precision } from "./precision.ts";
export type { Arrays, Runtime, RuntimeOptions, Session, SessionOptions } from "./runtime.ts";
export * from "./safetensors-stream.ts";
export * from "./schedule.ts";
export { type Dim, formatShape, opError, type Shape, staticShape } from "./shape.ts";
export type * from "./stored-tensor.ts";
export { type TrainLog, type TrainLoopOptions, trainLoop } from "./train.ts";
export type { Trainer, TrainerPlan, TrainerStart, TrainerState } from "./trainer-plan.ts";
export * from "./weight-file.ts";
