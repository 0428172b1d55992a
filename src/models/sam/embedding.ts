import type { NdArray } from "../../core/array.ts";
import { badFormat } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import { fromHalf, toHalf } from "../../core/half.ts";
import { checkSize } from "../../core/limits.ts";
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from "../../core/safetensors.ts";
import { formatShape } from "../../engine/index.ts";
import type { SamFrame } from "./prompt.ts";

/** A picture as SAM's decoder sees it: made once, prompted any number of times, kept as long as one likes. */
export interface SamEmbedding extends SamFrame {
  /** [1, C, g, g] */
  readonly features: NdArray<"float32">;
  /** What else the decoder takes of the picture, by its names: maps of higher resolution (SAM 2) or positions. SAM itself has none. */
  readonly extra?: Readonly<Record<string, NdArray<"float32">>>;
}

const sizeNames = ["original", "input"] as const;

/** What the numbers of an embedding are kept in. */
export type EmbeddingPrecision = "float32" | "float16";

/** A safetensors file of an embedding: `features`, the others by name, both sizes as "375x500", and `upscaling`. Equal embeddings give equal bytes. */
export function writeEmbedding(
  embedding: SamEmbedding,
  precision: EmbeddingPrecision = "float32",
): Uint8Array {
  const { features, extra = {}, upscaling } = embedding;
  const sizes = sizeNames.map((name) => [name, `${embedding[name].height}x${embedding[name].width}`]);
  const tensors = Object.entries({ features, ...extra }).map(([name, array]): [string, NdArray] => [
    name,
    precision === "float16" ? toHalf(array) : array,
  ]);
  return writeSafetensors(new Map(tensors), {
    ...Object.fromEntries(sizes),
    ...(upscaling !== undefined && { upscaling }),
  });
}

/**
 * The embedding in a file of {@link writeEmbedding}.
 *
 * @param where  what to call the file in an error
 * @throws MaskwrightError BAD_FORMAT
 */
export function readEmbedding(bytes: Uint8Array, where = "embedding"): SamEmbedding {
  const { metadata } = readSafetensorsHeader(bytes, where);
  const { features, ...extra } = Object.fromEntries(
    [...readSafetensors(bytes, where)].map(([name, array]) => [name, fromHalf(array)]),
  );
  if (features?.dtype !== "float32" || features.shape.length !== 4 || features.shape[0] !== 1)
    throw badFormat(
      where,
      'a tensor "features", float32 [1, C, g, g]',
      features === undefined ? "none" : `${features.dtype} ${formatShape(features.shape)}`,
    );
  const [original, input] = sizeNames.map((name) => parseSize(`${where}: ${name}`, metadata.get(name)));
  for (const [name, { dtype }] of Object.entries(extra))
    if (dtype !== "float32") throw badFormat(`${where}: "${name}"`, "float32", dtype);
  const upscaling = metadata.get("upscaling");
  if (upscaling !== undefined && upscaling !== "bilinear" && upscaling !== "bicubic")
    throw badFormat(`${where}: upscaling`, '"bilinear", "bicubic" or none', upscaling);
  return {
    features: features as NdArray<"float32">,
    ...(Object.keys(extra).length > 0 && { extra: extra as Record<string, NdArray<"float32">> }),
    original,
    input,
    ...(upscaling !== undefined && { upscaling }),
  };
}

function parseSize(where: string, text = "none"): Size {
  const match = /^(\d{1,9})x(\d{1,9})$/.exec(text);
  if (match === null) throw badFormat(where, 'a size such as "375x500"', text);
  const size = { height: Number(match[1]), width: Number(match[2]) };
  checkSize(where, size);
  return size;
}
