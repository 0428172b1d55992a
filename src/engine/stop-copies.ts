import { create, toBinary } from "@bufbuild/protobuf";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TypeProto_SequenceSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { ONNX_DTYPES } from "./constant-bytes.ts";
import { nodeProto } from "./onnx-proto.ts";

/** Name of the output that stops the copies. */
export const STOP = "#stop";

/**
 * A model of ours with one more output, the first: a list without elements.
 *
 * onnxruntime-node 1.30 copies every output of a run into a new array, also where it was given one and has written to it. Of a prompter's
 * step that is 150 MB, and with the collection of so much garbage a fifth of its time. It makes the copies when all outputs are computed, one
 * after the other, and a list is what it cannot make: there it ends. So a run that asks for this output too, and gives arrays for all
 * others, copies none of them and fails as `isStop` tells, with the arrays full.
 */
export function withStop(model: Uint8Array): Uint8Array<ArrayBuffer> {
  const element = create(TypeProtoSchema, {
    value: { case: "tensorType", value: create(TypeProto_TensorSchema, { elemType: ONNX_DTYPES.float32 }) },
  });
  const list = create(TypeProtoSchema, {
    value: { case: "sequenceType", value: create(TypeProto_SequenceSchema, { elemType: element }) },
  });
  const graph = create(GraphProtoSchema, {
    node: [nodeProto("SequenceEmpty", [], [STOP], {})],
    output: [create(ValueInfoProtoSchema, { name: STOP, type: list })],
  });
  // Readers merge a message that comes twice, in order.
  const first = toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph }));
  const bytes = new Uint8Array(first.length + model.length);
  bytes.set(first);
  bytes.set(model, first.length);
  return bytes;
}

/** Whether a run failed because of the list alone. */
export function isStop(error: unknown): boolean {
  return error instanceof Error && error.message.includes("Non tensor type");
}
