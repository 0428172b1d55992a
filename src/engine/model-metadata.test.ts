import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { expect, it } from "vitest";
import { createGraph, input } from "./graph.ts";
import { loadModel } from "./model.ts";
import { addModelMetadata } from "./model-metadata.ts";
import { emitModel } from "./onnx.ts";
import { add } from "./ops/arithmetic.ts";
import { openNodeRuntime } from "./runtime-node.ts";

it("leaves the model as it is beside its note", async () => {
  const x = input(createGraph(), "x", [2]);
  const model = emitModel({ y: add(x, 1) });
  const noted = addModelMetadata(model, { classes: '["a", "b"]', side: "64" });
  const before = fromBinary(ModelProtoSchema, model);
  const { metadataProps, ...after } = fromBinary(ModelProtoSchema, noted);
  expect(metadataProps.map(({ key, value }) => [key, value])).toEqual([
    ["classes", '["a", "b"]'],
    ["side", "64"],
  ]);
  expect({ ...after, metadataProps: [] }).toEqual({ ...before, metadataProps: [] });
  const loaded = await loadModel(noted, await openNodeRuntime({ threads: 1 }));
  const { y } = await loaded.run({ x: { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } });
  expect([...(y.data as Float32Array)]).toEqual([2, 3]);
  await loaded.dispose();
});
