import { existsSync } from "node:fs";
import type { NdArray } from "../../core/array.ts";
import type { Cam } from "../../core/class-maps.ts";
import { float32ToHalf } from "../../core/half.ts";
import type { RgbImage } from "../../core/image.ts";
import type { ClassId } from "../../core/label-map.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { encodeCam } from "../../data/cam-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { attentionFromFeatures } from "../../methods/classifier/feature-attention.ts";
import { decodeTagHead } from "../../methods/classifier/head-file.ts";
import { viewCam, viewPicture } from "../../methods/classifier/views.ts";
import type { Competition } from "../../methods/fma/class-softmax.ts";
import { artifactKey } from "../artifact-key.ts";
import type { Backbone, ClipModel } from "../cams/cam-source.ts";
import { readTexts } from "../cams/text-file.ts";
import { encodePhoto, threadClip } from "../cams/thread-clip.ts";
import { threadExtractor } from "../cams/thread-extractor.ts";
import { writeAtomically } from "../files.ts";
import type { ItemResult } from "../stage.ts";

export interface CamTask {
  readonly id: string;
  readonly photo: string;
  /** Ids from 1. */
  readonly tags: readonly ClassId[];
  readonly model: CamModel;
  readonly out: {
    readonly cam: string;
    /** Null keeps no attention. */
    readonly attention: string | null;
  };
  readonly stage: string;
  readonly knownKey: string | null;
}

export interface CamResult {
  readonly maps: number;
  readonly bytes: number;
}

/** What makes a photo's CAM, once it is trained. */
export type CamModel =
  | {
      readonly kind: "classifier";
      readonly backbone: Backbone;
      /** File of the trained head. */
      readonly head: string;
    }
  | {
      readonly kind: "clip";
      readonly clip: ClipModel;
      /** File of the texts' embeddings, classes first. */
      readonly texts: string;
      readonly classCount: number;
      readonly competition: Competition;
    };

/** What is found in a photo: where its classes are, and how positions of the grid resemble each other, [N, N]. */
interface Found {
  readonly cam: Cam;
  readonly attention: () => NdArray<"float32">;
}

/** The CAM of a photo's tags, on the network's grid. A photo without tags has no maps and needs no network. */
export async function makeCam(task: CamTask): Promise<ItemResult<CamResult>> {
  const { photo, tags, out, stage, knownKey } = task;
  const key = artifactKey(stage, [readFileBytes(photo), Buffer.from(JSON.stringify(tags))]);
  // Of a photo without maps nothing is refined.
  const attentionFile = tags.length === 0 ? null : out.attention;
  const isThere = existsSync(out.cam) && (attentionFile === null || existsSync(attentionFile));
  if (isThere && key === knownKey) return { key, result: null };
  const image = await readPhoto(photo);
  const { cam, attention } = await find(image, task);
  const files: [path: string, bytes: Uint8Array][] = [[out.cam, encodeCam(cam, image)]];
  if (attentionFile !== null) files.push([attentionFile, encodeAttention(attention())]);
  for (const [path, bytes] of files) writeAtomically(path, bytes);
  return {
    key,
    result: { maps: tags.length, bytes: files.reduce((sum, [, { length }]) => sum + length, 0) },
  };
}

async function find(image: RgbImage, { tags, model }: CamTask): Promise<Found> {
  if (tags.length === 0) return nothing;
  if (model.kind === "clip") return await findByClip(image, tags, model);
  const head = decodeTagHead(readFileBytes(model.head), model.head);
  const views = await viewPicture(await threadExtractor(model.backbone), image);
  // The largest picture as it is; the CAM has its grid.
  const [{ features }] = views.slice(-2);
  return { cam: viewCam(views, head, tags), attention: () => attentionFromFeatures(features) };
}

async function findByClip(
  image: RgbImage,
  tags: readonly ClassId[],
  { clip: model, texts: path, classCount, competition }: Extract<CamModel, { readonly kind: "clip" }>,
): Promise<Found> {
  const { clip, camFor } = await threadClip(model);
  const encoding = await encodePhoto(clip, image);
  const cam = await camFor(classCount, competition).camOf(encoding, readTexts(path), tags);
  return { cam, attention: () => encoding.attention as NdArray<"float32"> };
}

const nothing: Found = {
  cam: { kind: "cam", classes: [], height: 1, width: 1, data: new Float32Array(0) },
  attention: () => ({ dtype: "float32", shape: [1, 1], data: Float32Array.of(1) }),
};

/** In half the bytes, as published code keeps it between CAM and refinement. */
function encodeAttention({ shape, data }: NdArray<"float32">): Uint8Array {
  return writeSafetensors(new Map([["attention", { dtype: "float16", shape, data: float32ToHalf(data) }]]));
}
