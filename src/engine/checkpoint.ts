import type { NdArray } from "../core/array.ts";
import { badFormat, invalid } from "../core/error.ts";
import { type RandomState, randomFromState } from "../core/random.ts";
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from "../core/safetensors.ts";
import { type MomentName, momentKey, OPTIMIZER_PREFIX } from "./optimizer-definition.ts";
import type { OptimizerState } from "./optimizer-state.ts";

/** All that a training run needs to go on as if it had not stopped. */
export interface Checkpoint {
  /** Parameters, and numbers that are kept beside them such as a batch norm's running mean, by the names they have in the network. */
  readonly tensors: ReadonlyMap<string, NdArray>;
  readonly optimizer: OptimizerState;
  /** Steps made. */
  readonly step: number;
  readonly random: RandomState;
  /** What was trained and how, as JSON has it. */
  readonly config: unknown;
}

const format = "maskwright checkpoint 1";
const moments: readonly MomentName[] = ["momentum", "first", "second"];

/**
 * A checkpoint as one safetensors file: tensors by their own names, moments as "optimizer/first/NAME", the rest as metadata. Equal
 * checkpoints give equal bytes. Other programs read its tensors like those of any safetensors file.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a tensor's name that begins with "optimizer/", or a config that JSON does not hold
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { tensors, optimizer, step, random, config } = checkpoint;
  if (config === undefined) throw invalid("encodeCheckpoint: config", "a JSON value", config);
  const all = new Map(tensors);
  for (const name of tensors.keys()) {
    if (name.startsWith(OPTIMIZER_PREFIX))
      throw invalid("encodeCheckpoint: tensors", "a name of another kind", name);
  }
  for (const [moment, arrays] of optimizer.moments) {
    for (const [name, array] of arrays) all.set(momentKey(moment, name), array);
  }
  return writeSafetensors(all, {
    format,
    step: `${step}`,
    updates: `${optimizer.step}`,
    random: JSON.stringify(random),
    config: JSON.stringify(config, refuseNonFinite),
  });
}

/** Whether the metadata of a safetensors file is that of a checkpoint. */
export function isCheckpoint(metadata: ReadonlyMap<string, string>): boolean {
  return metadata.get("format") === format;
}

/**
 * The checkpoint in a safetensors file. Its tensors are views of `bytes`.
 *
 * @throws MaskwrightError BAD_FORMAT for another kind of safetensors file or one that lacks something
 */
export function decodeCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  const { metadata } = readSafetensorsHeader(bytes, where);
  const read = <T>(key: string, parse: (text: string) => T): T => {
    const text = metadata.get(key);
    try {
      if (text !== undefined) return parse(text);
    } catch {
      // Said below, as of a text that is missing.
    }
    const got = text === undefined ? "none" : JSON.stringify(text.slice(0, 80));
    throw badFormat(`${where}: ${key}`, `what a checkpoint has there`, got);
  };
  if (!isCheckpoint(metadata)) {
    const got = JSON.stringify(metadata.get("format") ?? null);
    throw badFormat(`${where}: format`, `"${format}"`, got, "this file is no checkpoint of a training run");
  }
  const tensors = new Map<string, NdArray>();
  const byMoment = new Map<MomentName, Map<string, NdArray<"float32">>>();
  for (const [name, array] of readSafetensors(bytes, where)) {
    const moment = moments.find((candidate) => name.startsWith(momentKey(candidate, "")));
    if (moment === undefined) {
      tensors.set(name, array);
      continue;
    }
    if (array.dtype !== "float32") throw badFormat(`${where}: tensor "${name}"`, "float32", array.dtype);
    const arrays = byMoment.get(moment) ?? new Map();
    byMoment.set(moment, arrays.set(name.slice(momentKey(moment, "").length), array));
  }
  return {
    tensors,
    optimizer: { step: read("updates", parseCount), moments: byMoment },
    step: read("step", parseCount),
    random: read("random", (text) => randomFromState(JSON.parse(text)).state()),
    config: read("config", JSON.parse),
  };
}

function parseCount(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new Error(text);
}

/** JSON would write NaN and Infinity as null. */
function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw invalid(`encodeCheckpoint: config.${key}`, "a finite number", value);
  }
  return value;
}
