import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import * as e from "./index.ts";
import { cases } from "./testing/cases.ts";
import { differentiate } from "./testing/differentiated.ts";
import { interpret } from "./testing/interpreter.ts";

const parse = (outputs: Record<string, e.Tensor>): ModelProto =>
  fromBinary(ModelProtoSchema, e.emitModel(outputs));
const opTypes = ({ graph }: ModelProto): string[] =>
  (graph?.node ?? []).map(({ domain, opType }) => (domain === "" ? opType : `${domain}:${opType}`));

describe("emitModel", () => {
  const build = (extra: boolean): Record<string, e.Tensor> => {
    const graph = e.createGraph();
    const [x, unused] = [e.input(graph, "x", ["n", 3]), e.input(graph, "unused", [1])];
    if (extra) e.exp(e.mul(unused, 3));
    const w = e.constant(graph, [1, 2, 3, 4, 5, 6], { shape: [3, 2], name: "w" });
    const y = e.relu(e.matmul(x, w));
    if (extra) e.neg(y);
    return { y, doubled: e.mul(y, 2) };
  };

  it("gives equal bytes for equal results, whatever else the graph holds", () => {
    expect(e.emitModel(build(true))).toEqual(e.emitModel(build(false)));
  });

  it("keeps the names of inputs, constants and outputs", () => {
    const outputs = build(true);
    const { graph, opsetImport } = parse(outputs);
    expect(graph?.input.map(({ name }) => name)).toEqual(["x"]);
    expect(graph?.output.map(({ name }) => name)).toEqual(["y", "doubled"]);
    expect(graph?.initializer.map(({ name }) => name)).toContain("w");
    expect(graph?.node.map(({ input, output }) => [input, output])).toEqual([
      [["x", "w"], ["matmul#2"]],
      [["matmul#2"], ["y"]],
      [["y", "constant#4"], ["doubled"]],
    ]);
    expect(opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ["", 20n],
      ["com.microsoft", 1n],
    ]);
    expect(e.inputsOf(Object.values(outputs))).toEqual([{ name: "x", shape: ["n", 3], dtype: "float32" }]);
  });

  it("copies a value that has several names, or is an input", () => {
    const x = e.input(e.createGraph(), "x", [2]);
    const y = e.exp(x);
    expect(opTypes(parse({ first: y, second: y, third: x }))).toEqual(["Exp", "Identity", "Identity"]);
    expect(() => e.emitModel({ x })).toThrow("no input or constant has");
    expect(() => e.emitModel({ "a#1": y })).toThrow('names without "#"');
    expect(() => e.emitModel({ y, z: e.input(e.createGraph(), "z", [1]) })).toThrow("tensors of one graph");
    expect(() => e.emitModel({})).toThrow("emitModel: outputs: expected at least one");
  });

  it("asks for the statistics of a layer norm only where they are used", () => {
    const x = e.input(e.createGraph(), "x", [2, 3]);
    const y = e.layerNorm(x);
    const outputsOf = (model: ModelProto): number | undefined =>
      model.graph?.node.find(({ opType }) => opType === "LayerNormalization")?.output.length;
    expect(outputsOf(parse({ y }))).toBe(1);
    expect(outputsOf(parse({ y, g: e.gradients(e.sum(e.mul(y, y)), [x])[0] }))).toBe(3);
  });

  /**
   * Every operator that the library emits. All of them are in onnxruntime-node and onnxruntime-web:
   * runtime-agreement.test.ts runs each case on both.
   */
  const EMITTED = [
    ..."Abs Add And ArgMax AveragePool Cast Clip Concat Conv ConvTranspose Cos Div Equal Erf Exp Expand".split(
      " ",
    ),
    ..."Gather Gelu Gemm Greater GreaterOrEqual Identity LayerNormalization Less LessOrEqual Log".split(" "),
    ..."LogSoftmax MatMul Max MaxPool Min Mul Neg Not OneHot Or Pad Pow Reciprocal ReduceLogSumExp".split(
      " ",
    ),
    ..."ReduceMax ReduceMean ReduceMin ReduceSum Relu Reshape ScatterElements Sigmoid Sign Sin Slice".split(
      " ",
    ),
    ..."Softmax Split Sqrt Sub Tanh Transpose Where com.microsoft:FusedMatMul".split(" "),
  ];

  it("emits no operators but these", () => {
    const found = new Set<string>();
    for (const each of Object.values(cases)) {
      const { outputs, first, second } = differentiate(each);
      const results = [...outputs, ...Object.values(first), ...Object.values(second)];
      for (const type of opTypes(parse(Object.fromEntries(results.map((tensor, i) => [`r${i}`, tensor])))))
        found.add(type);
    }
    expect([...found].sort()).toEqual([...EMITTED].sort());
  });
});

const ort = await import("onnxruntime-node").catch(() => null);
if (ort === null) console.warn("SKIPPED: onnxruntime-node is not installed");

describe.skipIf(ort === null)("a model in onnxruntime-node", () => {
  const { InferenceSession, Tensor } = ort as NonNullable<typeof ort>;

  it("takes constants from a file beside it, at their offset", async () => {
    const folder = mkdtempSync(join(tmpdir(), "maskwright-"));
    const graph = e.createGraph();
    const w = e.constant(
      graph,
      { location: "weights.bin", offset: 8, length: 16 },
      { shape: [2, 2], dtype: "float32", name: "w" },
    );
    const y = e.matmul(e.input(graph, "x", [1, 2]), w);
    writeFileSync(join(folder, "weights.bin"), new Uint8Array(Float32Array.of(9, 9, 1, 2, 3, 4).buffer));
    writeFileSync(join(folder, "model.onnx"), e.emitModel({ y }));
    const session = await InferenceSession.create(join(folder, "model.onnx"));
    const results = await session.run({ x: new Tensor("float32", Float32Array.of(1, 10), [1, 2]) });
    expect(Array.from(results.y.data as Float32Array)).toEqual([31, 42]);
    await session.release();
    rmSync(folder, { recursive: true });
  });

  it("passes empty tensors", async () => {
    const x = e.input(e.createGraph(), "x", [0, 2, 3]);
    const y = e.reshape(e.transpose(x, [1, 0, 2]), [2, 0, 3, 1]);
    const session = await InferenceSession.create(e.emitModel({ y }));
    const { y: found } = await session.run({ x: new Tensor("float32", new Float32Array(), [0, 2, 3]) });
    expect(found.dims).toEqual([2, 0, 3, 1]);
    await session.release();
  });

  it("takes weights stored as float16", async () => {
    const graph = e.createGraph();
    const w = e.cast(e.constant(graph, Uint16Array.of(0x3c00, 0xc100, 0x0001), { name: "w" }), "float32");
    const y = e.mul(e.input(graph, "x", [3]), w);
    const session = await InferenceSession.create(e.emitModel({ y }));
    const { y: found } = await session.run({ x: new Tensor("float32", Float32Array.of(1, 2, 4), [3]) });
    expect(Array.from(found.data as Float32Array)).toEqual([1, -5, 2 ** -22]);
    expect(Array.from(interpret([y], { x: [1, 2, 4] })[0].data)).toEqual([1, -5, 2 ** -22]);
    await session.release();
  });

  it("runs at any length of a named dimension", async () => {
    const graph = e.createGraph();
    const x = e.input(graph, "x", ["batch", "tokens", 6]);
    const weight = e.constant(
      graph,
      Float32Array.from({ length: 36 }, (_, i) => Math.sin(i)),
      { shape: [6, 6] },
    );
    const heads = e.transpose(e.reshape(e.linear(x, weight), ["batch", "tokens", 2, 3]), [0, 2, 1, 3]);
    const mixed = e.transpose(e.attention(heads, heads, heads), [0, 2, 1, 3]);
    const y = e.layerNorm(e.add(x, e.reshape(mixed, ["batch", "tokens", 6])));
    const session = await InferenceSession.create(
      e.emitModel({ y, first: e.slice(y, { axis: 1, start: 0, end: 1 }) }),
    );
    for (const [batch, tokens] of [
      [1, 1],
      [2, 5],
    ]) {
      const data = Float32Array.from({ length: batch * tokens * 6 }, (_, i) => Math.cos(i));
      const results = await session.run({ x: new Tensor("float32", data, [batch, tokens, 6]) });
      expect(results.y.dims).toEqual([batch, tokens, 6]);
      expect(results.first.dims).toEqual([batch, 1, 6]);
    }
    await session.release();
  });
});
