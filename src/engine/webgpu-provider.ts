import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type NodeProto } from "onnx-buf";
import type { OrtOptions } from "./ort-session.ts";

type Provider = NonNullable<OrtOptions["executionProviders"]>[number];

/** WebGPU for a model, with the nodes that ONNX Runtime 1.30 computes wrongly there, or not at all, left to the CPU. */
export function webgpuProvider(model: Uint8Array): Provider {
  const nodes = fromBinary(ModelProtoSchema, model).graph?.node ?? [];
  const forceCpuNodeNames = nodes.filter(isForCpu).map(({ name }) => name);
  // An empty list is refused.
  return forceCpuNodeNames.length === 0 ? "webgpu" : { name: "webgpu", forceCpuNodeNames };
}

function isForCpu({ opType, output, attribute }: NodeProto): boolean {
  switch (opType) {
    case "MaxPool":
      // "The Indices output is not supported yet."
      return output.length > 1;
    case "ConvTranspose":
      // Wrong numbers for groups of several channels.
      return attribute.some(({ name, i }) => name === "group" && i > 1n);
    case "ReduceLogSumExp":
      // Infinite from 89 on, where e^x is.
      return true;
    default:
      return false;
  }
}
