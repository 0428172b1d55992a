import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { badFormat } from "../core/error.ts";
import { containedPath, readFileBytes, readFolder } from "../data/paths.ts";
import { readModel } from "../engine/index.ts";
import type { OnnxFile, OnnxPair } from "../models/onnx-sam/onnx-sam.ts";
import { digestFile } from "./store/digest.ts";

/** Protocol buffers, and so ONNX models, end here; larger ones keep their weights in other files. */
const MAX_MODEL_BYTES = 2 ** 31;

/** An exported SAM as it lies in a folder. */
export interface OnnxPairFiles extends OnnxPair {
  /** Paths of both models, then of the files that their weights lie in. */
  readonly files: readonly string[];
}

/**
 * The pair of models in a folder, or in one called "onnx" in it, as hubs have them: of the `.onnx` files the one whose name has "decoder" in
 * it, and the one that has "encoder" and not "decoder". Their external weights are there too, inside the folder.
 *
 * @throws MaskwrightError NOT_FOUND or INVALID_ARGUMENT without such a folder; BAD_FORMAT for a folder without exactly one of each, with
 *         what it has, and for a file that is no model, is beyond 2 GB, or has weights elsewhere
 */
export function findOnnxPair(folder: string): OnnxPairFiles {
  const inner = join(folder, "onnx");
  const where = existsSync(inner) ? inner : folder;
  const names = readFolder(where)
    .map(({ name }) => name)
    .filter((name) => /^[^.].*\.onnx$/i.test(name))
    .sort();
  const isDecoder = (name: string): boolean => /decoder/i.test(name);
  const isEncoder = (name: string): boolean => !isDecoder(name) && /encoder/i.test(name);
  const models = [onlyOne(where, names, "encoder", isEncoder), onlyOne(where, names, "decoder", isDecoder)];
  const [encoder, decoder] = models.map((name) => onnxFile(where, join(where, name)));
  const external = [encoder, decoder].flatMap((file) => weightFiles(where, file));
  return { encoder, decoder, files: [encoder.where, decoder.where, ...new Set(external)] };
}

/**
 * SHA-256 of all that the models of a folder are made of: of the digests of its files, in order.
 *
 * @throws MaskwrightError as `findOnnxPair`
 */
export async function digestOnnxPair({ files }: OnnxPairFiles): Promise<string> {
  const all = createHash("sha256");
  for (const path of files) all.update(`${(await digestFile(path)).sha256}\n`);
  return all.digest("hex");
}

function onlyOne(
  folder: string,
  names: readonly string[],
  role: string,
  fits: (name: string) => boolean,
): string {
  const found = names.filter(fits);
  if (found.length === 1) return found[0];
  const listed = found.length === 0 ? names : found;
  const shown = listed.slice(0, 12).join(", ") + (listed.length > 12 ? " and others" : "");
  const got = found.length > 0 ? `${found.length}: ${shown}` : names.length > 0 ? `only ${shown}` : "none";
  throw badFormat(
    folder,
    `one .onnx file that is the ${role} by its name`,
    got,
    "keep the encoder and the decoder of one model, in one precision, in a folder of their own",
  );
}

function onnxFile(folder: string, path: string): OnnxFile {
  return {
    where: path,
    folder,
    read() {
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size > MAX_MODEL_BYTES)
        throw badFormat(path, "a model of at most 2 GB, with larger weights beside it", `${size} bytes`);
      const bytes = readFileBytes(path);
      // An array of its own, which can move to another thread: small files lie in a buffer that many share.
      const isAlone = bytes.byteLength === bytes.buffer.byteLength;
      return isAlone ? new Uint8Array(bytes.buffer as ArrayBuffer) : Uint8Array.from(bytes);
    },
  };
}

/** The files that a model's weights lie in. Links are followed: they must not lead out of the folder. */
function weightFiles(folder: string, { where, read }: OnnxFile): string[] {
  return readModel(read(), where).externalFiles.map((name) => {
    const path = containedPath(folder, name, `${where}: weights`);
    if (!existsSync(path)) throw badFormat(where, `its weights in ${path}`, "no such file");
    return path;
  });
}
