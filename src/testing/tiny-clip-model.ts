import { join } from "node:path";
import { writeSafetensors } from "../core/safetensors.ts";
import { randomTensors, tinyConfig } from "../models/clip/testing/tiny-clip.ts";
import { byteCharacters } from "../models/clip/vocabulary.ts";
import type { ClipModel } from "../run/cams/cam-source.ts";
import { writeTree } from "./tree.ts";

/** A CLIP that reads bytes: its vocabulary has no merges. */
const config = { ...tinyConfig, text: { ...tinyConfig.text, context: 77, vocabulary: 514 } };
const bytes = [...byteCharacters.values()];
const tokens = [...bytes, ...bytes.map((each) => `${each}</w>`), "<|startoftext|>", "<|endoftext|>"];
const vocabulary = {
  model: { vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: [] },
};

/** Writes a tiny CLIP of random weights, with patches of 2 px, into a folder: `clip.safetensors` and `tokenizer.json`. */
export function writeTinyClip(folder: string): ClipModel {
  writeTree(folder, {
    "clip.safetensors": writeSafetensors(randomTensors(config)),
    "tokenizer.json": JSON.stringify(vocabulary),
  });
  return {
    config,
    weights: join(folder, "clip.safetensors"),
    vocabulary: join(folder, "tokenizer.json"),
    sha256: "tiny",
    precision: "float32",
    device: "cpu",
    threads: 1,
  };
}
