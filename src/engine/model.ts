import { fromBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";
import type { Dtype } from "../core/array.ts";
import { badFormat } from "../core/error.ts";
import { ONNX_DTYPES } from "./constant-bytes.ts";
import { reasonOf } from "./device.ts";
import { createQueue } from "./queue.ts";
import type { Arrays, Runtime, SessionOptions } from "./runtime.ts";
import { type Dim, formatShape } from "./shape.ts";

/** A value that a model takes or gives. */
export interface ModelValue {
  readonly name: string;
  /** A length that is free has the name that the model gives it, or "?". Null when the model does not even tell the rank. */
  readonly shape: readonly Dim[] | null;
  /** A `Dtype`, or ONNX's own name, in lower case, of a type that is none of those: "string", "bfloat16". */
  readonly dtype: Dtype | (string & {});
}

/** What the bytes of a model say about it. */
export interface ModelSummary {
  /** What a run has to feed. */
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  /** Files that weights lie in, relative to the model's folder and never outside of it. */
  readonly externalFiles: readonly string[];
}

/** A model from elsewhere, ready to run. */
export interface LoadedModel extends ModelSummary {
  /** All outputs. Runs asked for at the same time are made one after another. */
  run(feeds: Arrays): Promise<Arrays>;
  /** Frees the session once the runs asked for are over. */
  dispose(): Promise<void>;
}

/**
 * What a model takes and gives, and where its weights are, read without running anything.
 *
 * @param where  what to call the model in an error
 * @throws MaskwrightError BAD_FORMAT for bytes that are no model, or weights that would lie outside of its folder
 */
export function readModel(bytes: Uint8Array, where = "model"): ModelSummary {
  const { graph, functions } = parseModel(bytes, where);
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const tensors = [...tensorsOf(graph), ...functions.flatMap(({ node }) => node.flatMap(attributeTensors))];
  const external = tensors.flatMap((tensor) =>
    tensor.dataLocation === DataLocation.EXTERNAL ? [locationOf(tensor, where)] : [],
  );
  return {
    // Older models list their weights among the inputs.
    inputs: graph.input.filter(({ name }) => !stored.has(name)).map(toValue),
    outputs: graph.output.map(toValue),
    externalFiles: [...new Set(external)],
  };
}

/**
 * Opens a session on a model from elsewhere.
 *
 * @param model    its bytes; not to be used afterwards
 * @param options  `folder` is the one that its external weights lie in
 * @throws MaskwrightError BAD_FORMAT as `readModel`; MODEL when the runtime refuses it
 */
export async function loadModel(
  model: Uint8Array<ArrayBuffer>,
  runtime: Runtime,
  { where = "model", ...options }: SessionOptions & { readonly where?: string } = {},
): Promise<LoadedModel> {
  const summary = readModel(model, where);
  if (summary.externalFiles.length > 0 && options.folder === undefined)
    throw badFormat(where, "weights inside the model", `some in ${summary.externalFiles.join(", ")}`);
  const session = await runtime.createSession(model, options);
  const inOrder = createQueue();
  return {
    ...summary,
    run: (feeds) => inOrder(() => session.run(feeds)),
    dispose: () => inOrder(session.release),
  };
}

/** `float32 [1, num_points, 2] "point_coords"`, as errors list values. */
export function formatValue({ name, shape, dtype }: ModelValue): string {
  return `${dtype} ${shape === null ? "of any shape" : formatShape(shape)} "${name}"`;
}

function parseModel(bytes: Uint8Array, where: string): ModelProto & { readonly graph: GraphProto } {
  const fail = (got: string, cause?: unknown): Error =>
    Object.assign(badFormat(where, "an ONNX model", got, "the file is damaged, or of another format"), {
      cause,
    });
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw fail(`${bytes.length} bytes that are none: ${reasonOf(error)}`, error);
  }
  const { graph } = model;
  if (graph === undefined || graph.output.length === 0) throw fail(`${bytes.length} bytes without a graph`);
  return { ...model, graph };
}

/** The tensors of a graph, those of graphs inside it included. */
function tensorsOf({ initializer, sparseInitializer, node }: GraphProto): TensorProto[] {
  const sparse = sparseInitializer.flatMap(({ values, indices }) => [values, indices]);
  return [
    ...initializer,
    ...sparse.filter((tensor) => tensor !== undefined),
    ...node.flatMap(attributeTensors),
  ];
}

function attributeTensors({ attribute }: NodeProto): TensorProto[] {
  return attribute.flatMap(({ t, tensors, g, graphs }) => [
    ...(t === undefined ? [] : [t]),
    ...tensors,
    ...(g === undefined ? [] : tensorsOf(g)),
    ...graphs.flatMap(tensorsOf),
  ]);
}

/** The file of a tensor. Only files in the model's folder or below it: a model must not read what it likes. */
function locationOf({ name, externalData }: TensorProto, where: string): string {
  const location = externalData.find(({ key }) => key === "location")?.value ?? "";
  const isInside =
    location !== "" && !/^[/\\]|^[a-z]:/i.test(location) && !location.split(/[/\\]/).includes("..");
  if (isInside) return location;
  throw badFormat(
    `${where}: "${name}"`,
    "weights in a file beside the model",
    JSON.stringify(location),
    "export the model again, with its weights inside or beside it",
  );
}

function toValue({ name, type }: ValueInfoProto): ModelValue {
  if (type?.value.case !== "tensorType") return { name, shape: null, dtype: type?.value.case ?? "undefined" };
  const { shape, elemType } = type.value.value;
  const lengths = shape?.dim.map(({ value }): Dim => {
    if (value.case === "dimValue") return Number(value.value);
    return value.case === "dimParam" && value.value !== "" ? value.value : "?";
  });
  return { name, shape: lengths ?? null, dtype: dtypeName(elemType) };
}

function dtypeName(elemType: number): string {
  const known = Object.entries(ONNX_DTYPES).find(([, code]) => code === elemType);
  return known?.[0] ?? DataType[elemType]?.toLowerCase() ?? `type ${elemType}`;
}
