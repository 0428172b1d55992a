import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataLocation as DataLocation,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
} from "onnx-buf";
import { describe, expect, it } from "vitest";
import { add, constant, createGraph, emitModel, input } from "../engine/index.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { digestOnnxPair, findOnnxPair } from "./onnx-pair-files.ts";

/** A model that adds a weight, which lies in a file of the given name, or in the model. */
function model(location?: string): Uint8Array {
  const graph = createGraph();
  const w = constant(graph, Float32Array.of(1), { name: "w" });
  const bytes = emitModel({ y: add(input(graph, "x", [1]), w) });
  if (location === undefined) return bytes;
  const proto = fromBinary(ModelProtoSchema, bytes);
  const [tensor] = proto.graph?.initializer ?? [];
  tensor.dataLocation = DataLocation.EXTERNAL;
  tensor.rawData = new Uint8Array(0);
  tensor.externalData = [create(StringStringEntryProtoSchema, { key: "location", value: location })];
  return toBinary(ModelProtoSchema, proto);
}

function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = temporaryFolder();
  writeTree(folder, files);
  return folder;
}

describe("findOnnxPair", () => {
  it("finds both models by their names, in any published spelling", () => {
    for (const [encoder, decoder] of [
      ["sam_vit_b_01ec64.encoder.onnx", "sam_vit_b_01ec64.decoder.onnx"],
      ["vision_encoder.onnx", "prompt_encoder_mask_decoder.onnx"],
      ["Encoder.ONNX", "Decoder.ONNX"],
    ]) {
      const folder = folderOf({
        [encoder]: model(),
        [decoder]: model(),
        "._encoder.onnx": "",
        "notes.txt": "",
      });
      const found = findOnnxPair(folder);
      expect([found.encoder.where, found.decoder.where]).toEqual([
        join(folder, encoder),
        join(folder, decoder),
      ]);
      expect(found.files).toEqual([found.encoder.where, found.decoder.where]);
      expect(found.encoder.folder).toBe(folder);
      const bytes = found.encoder.read();
      expect(bytes).toEqual(new Uint8Array(model()));
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });

  it("looks into the folder called onnx of a copy from a hub", () => {
    const files = { "onnx/vision_encoder.onnx": model(), "onnx/prompt_encoder_mask_decoder.onnx": model() };
    const folder = folderOf({ ...files, "config.json": "{}" });
    expect(findOnnxPair(folder).encoder.where).toBe(join(folder, "onnx/vision_encoder.onnx"));
  });

  it("says what is there instead of one of each", () => {
    const both = folderOf({ "encoder.onnx": model(), "encoder_fp16.onnx": model(), "decoder.onnx": model() });
    expect(() => findOnnxPair(both)).toThrow(
      `${both}: expected one .onnx file that is the encoder by its name, got 2: encoder.onnx, encoder_fp16.onnx`,
    );
    const none = folderOf({ "encoder.onnx": model(), "model.onnx": model() });
    expect(() => findOnnxPair(none)).toThrow(
      `${none}: expected one .onnx file that is the decoder by its name, got only encoder.onnx, model.onnx`,
    );
    const empty = folderOf({ "a.txt": "" });
    expect(() => findOnnxPair(empty)).toThrow("one .onnx file that is the encoder by its name, got none");
    expect(() => findOnnxPair(join(empty, "b"))).toThrow("got nothing there");
    expect(() => findOnnxPair(join(empty, "a.txt"))).toThrow("got a file");
  });

  it("refuses a broken file", () => {
    const folder = folderOf({ "encoder.onnx": "no model", "decoder.onnx": model() });
    expect(() => findOnnxPair(folder)).toThrow(`${join(folder, "encoder.onnx")}: expected an ONNX model`);
  });

  it("lists the files of external weights, which have to be there, inside the folder", () => {
    const weights = Float32Array.of(1);
    const bytes = new Uint8Array(weights.buffer);
    const folder = folderOf({
      "encoder.onnx": model("data/w.bin"),
      "decoder.onnx": model("data/w.bin"),
      "data/w.bin": bytes,
    });
    expect(findOnnxPair(folder).files.slice(2)).toEqual([join(folder, "data/w.bin")]);
    const missing = folderOf({ "encoder.onnx": model("w.bin"), "decoder.onnx": model() });
    expect(() => findOnnxPair(missing)).toThrow(
      `${join(missing, "encoder.onnx")}: expected its weights in ${join(missing, "w.bin")}, got no such file`,
    );
    const above = folderOf({ "encoder.onnx": model("../w.bin"), "decoder.onnx": model() });
    expect(() => findOnnxPair(above)).toThrow("expected weights in a file beside the model");
    const linked = folderOf({ "encoder.onnx": model("w.bin"), "decoder.onnx": model() });
    symlinkSync(join(folder, "data/w.bin"), join(linked, "w.bin"));
    expect(() => findOnnxPair(linked)).toThrow(`encoder.onnx: weights: expected a path inside ${linked}`);
  });
});

describe("digestOnnxPair", () => {
  it("changes with every file", async () => {
    const files = { "encoder.onnx": model("w.bin"), "decoder.onnx": model(), "w.bin": "1234" };
    const digest = (folder: string): Promise<string> => digestOnnxPair(findOnnxPair(folder));
    const folder = folderOf(files);
    const first = await digest(folder);
    expect(await digest(folderOf(files))).toBe(first);
    writeFileSync(join(folder, "w.bin"), "1235");
    expect(await digest(folder)).not.toBe(first);
  });
});
