import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { describe, expect, it } from "vitest";
import { constant, createGraph, input } from "./graph.ts";
import { formatValue, loadModel, readModel } from "./model.ts";
import { emitModel } from "./onnx.ts";
import { add } from "./ops/arithmetic.ts";
import { openNodeRuntime } from "./runtime-node.ts";

/** y = x + w of two rows. */
function sample(): Uint8Array<ArrayBuffer> {
  const graph = createGraph();
  const w = constant(graph, Float32Array.of(1, 2), { name: "w" });
  return emitModel({ y: add(input(graph, "x", ["rows", 2]), w) });
}

type WithGraph = ModelProto & { readonly graph: GraphProto };

/** The sample with something done to it. */
function changed(change: (model: WithGraph) => void): Uint8Array<ArrayBuffer> {
  const model = fromBinary(ModelProtoSchema, sample());
  change(model as WithGraph);
  return toBinary(ModelProtoSchema, model);
}

function withExternal(location: string): Uint8Array<ArrayBuffer> {
  return changed(({ graph }) => {
    const [tensor] = graph.initializer;
    tensor.dataLocation = DataLocation.EXTERNAL;
    tensor.externalData = [create(StringStringEntryProtoSchema, { key: "location", value: location })];
  });
}

describe("readModel", () => {
  it("says what a model takes and gives", () => {
    expect(readModel(sample())).toEqual({
      inputs: [{ name: "x", shape: ["rows", 2], dtype: "float32" }],
      outputs: [{ name: "y", shape: ["rows", 2], dtype: "float32" }],
      externalFiles: [],
    });
    expect(formatValue(readModel(sample()).inputs[0])).toBe('float32 [rows, 2] "x"');
  });

  it("leaves out weights that are listed among the inputs, and names types that are none of ours", () => {
    const bytes = changed(({ graph }) => {
      graph.input.push(create(ValueInfoProtoSchema, { name: "w" }));
      graph.input.push(
        create(ValueInfoProtoSchema, {
          name: "text",
          type: { value: { case: "tensorType", value: { elemType: 8 } } },
        }),
      );
    });
    expect(readModel(bytes).inputs.slice(1)).toEqual([{ name: "text", shape: null, dtype: "string" }]);
    expect(formatValue(readModel(bytes).inputs[1])).toBe('string of any shape "text"');
  });

  it("names the files of external weights, inside nodes too", () => {
    expect(readModel(withExternal("data/w.bin")).externalFiles).toEqual(["data/w.bin"]);
    const t = create(TensorProtoSchema, {
      dataLocation: DataLocation.EXTERNAL,
      externalData: [create(StringStringEntryProtoSchema, { key: "location", value: "../../w.bin" })],
    });
    const inNode = changed(({ graph }) => {
      graph.node[0].attribute.push(create(AttributeProtoSchema, { name: "value", t }));
    });
    expect(() => readModel(inNode)).toThrow("weights in a file beside the model");
  });

  it.each(["../w.bin", "a/../../w.bin", "/etc/passwd", "C:\\w.bin", "\\\\host\\w", "..\\w", ""])(
    "refuses weights outside of the model's folder: %j",
    (location) => {
      expect(() => readModel(withExternal(location), "a.onnx")).toThrow(
        `a.onnx: "w": expected weights in a file beside the model, got ${JSON.stringify(location)}`,
      );
    },
  );

  it("refuses bytes that are no model", () => {
    const bytes = sample();
    expect(() => readModel(bytes.subarray(0, 50), "a.onnx")).toThrow(
      "a.onnx: expected an ONNX model, got 50 bytes",
    );
    expect(() => readModel(new Uint8Array(0), "a.onnx")).toThrow("got 0 bytes without a graph");
    expect(() => readModel(new TextEncoder().encode("version https://git-lfs"), "a.onnx")).toThrow(
      "a.onnx: expected an ONNX model",
    );
  });
});

describe("loadModel", () => {
  it("runs a model, runs asked for at the same time one after another", async () => {
    const model = await loadModel(sample(), await openNodeRuntime({ threads: 1 }));
    const x = { dtype: "float32", shape: [1, 2], data: Float32Array.of(10, 20) } as const;
    const results = await Promise.all([model.run({ x }), model.run({ x })]);
    expect(results.map(({ y }) => [...y.data])).toEqual([
      [11, 22],
      [11, 22],
    ]);
    await model.dispose();
  });

  it("refuses weights in files when there is no folder, and what the runtime refuses", async () => {
    const runtime = await openNodeRuntime({ threads: 1 });
    const external = withExternal("w.bin");
    await expect(loadModel(external, runtime, { where: "a.onnx" })).rejects.toThrow(
      "a.onnx: expected weights inside the model, got some in w.bin",
    );
    const unknown = changed(({ graph }) => {
      graph.node[0].opType = "Nonsense";
    });
    await expect(loadModel(unknown, runtime)).rejects.toMatchObject({ code: "MODEL" });
  });
});
