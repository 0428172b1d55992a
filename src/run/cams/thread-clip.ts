import { basename, dirname } from "node:path";
import type { RgbImage } from "../../core/image.ts";
import { resizeImage } from "../../core/resize.ts";
import type { Runtime } from "../../engine/index.ts";
import { openWeightFile, openWorkerRuntime } from "../../engine/node.ts";
import type { Competition } from "../../methods/fma/class-softmax.ts";
import { type ClipCam, createClipCam } from "../../methods/fma/clip-cam.ts";
import type { ClipSource as FmaClipSource } from "../../methods/fma/clip-sides.ts";
import { ATTENTION_BLOCKS } from "../../methods/fma/recipes.ts";
import { type Clip, createClip, type ImageEncoding } from "../../models/clip/clip.ts";
import type { ClipModel } from "./cam-source.ts";

/** CLIP, open. */
export interface OpenClip {
  readonly clip: Clip;
  /** Its thread. */
  readonly runtime: Runtime;
  /** The weights as graphs of one's own take them. */
  readonly source: FmaClipSource & { readonly folder: string };
  camFor(classCount: number, competition: Competition): ClipCam;
  /** Ends its thread and closes its file. */
  close(): Promise<void>;
}

/** The CLIP of this thread: it is opened once and stays until the thread ends. */
let current: { readonly name: string; readonly open: Promise<OpenClip> } | null = null;

/** @throws MaskwrightError as `openClip` */
export function threadClip(model: ClipModel): Promise<OpenClip> {
  const name = JSON.stringify(model);
  if (current?.name !== name) current = { name, open: openClip(model) };
  return current.open;
}

/** Opens CLIP in a thread of its own. @throws MaskwrightError as `createClip` and `openWorkerRuntime` */
export async function openClip(model: ClipModel): Promise<OpenClip> {
  const { config, weights: path, precision, device, threads } = model;
  const runtime = await openWorkerRuntime({ device, ...(threads === null ? {} : { threads }) });
  const [folder, name] = [dirname(path), basename(path)];
  const file = openWeightFile(path);
  const clip = createClip(file, config, runtime, { stored: { folder, name }, precision });
  const { weights, logitScale: scale } = clip;
  const source = { weights, config, frozen: { location: name }, folder };
  const cams = new Map<string, ClipCam>();
  return {
    clip,
    runtime,
    source,
    camFor(classCount, competition) {
      const key = `${classCount} ${competition}`;
      const cam = cams.get(key) ?? createClipCam(source, runtime, { classCount, scale, competition });
      cams.set(key, cam);
      return cam;
    },
    async close() {
      await clip.dispose();
      await runtime.close();
      file.close();
    },
  };
}

/** Pixels of the longer side: that of COCO's photos. Attention grows with its fourth power, and VOC's photos are smaller. */
const MAX_SIDE = 640;

/**
 * A photo in CLIP, as published; one that is larger than those of VOC and COCO is made smaller first. A CLIP of fewer blocks averages the
 * attention of all.
 */
export async function encodePhoto(clip: Clip, image: RgbImage): Promise<ImageEncoding> {
  const attentionBlocks = Math.min(ATTENTION_BLOCKS, clip.config.vision.depth);
  const scale = MAX_SIDE / Math.max(image.height, image.width);
  if (scale >= 1) return await clip.encodeImage(image, { attentionBlocks });
  const [height, width] = [image.height, image.width].map((side) => Math.max(1, Math.round(side * scale)));
  return await clip.encodeImage(resizeImage(image, { height, width }, "bicubic"), { attentionBlocks });
}
