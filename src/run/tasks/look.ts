import { readPhoto } from "../../data/photo.ts";
import { viewPicture } from "../../methods/classifier/views.ts";
import type { CamSource } from "../cams/cam-source.ts";
import { encodePhoto, threadClip } from "../cams/thread-clip.ts";
import { threadExtractor } from "../cams/thread-extractor.ts";

export interface LookTask {
  readonly photo: string;
  readonly source: CamSource;
}

/** Sends a photo through the network of a source and keeps nothing: what a dry run judges by. @returns bytes of a CAM of two classes */
export async function lookAtPhoto({ photo, source }: LookTask): Promise<{ readonly bytes: number }> {
  const image = await readPhoto(photo);
  if (source.kind !== "classifier") {
    const { grid } = await encodePhoto((await threadClip(source.clip)).clip, image);
    return { bytes: 8 * grid.height * grid.width };
  }
  const views = await viewPicture(await threadExtractor(source.backbone), image);
  const [, height, width] = views[views.length - 1].features.shape;
  return { bytes: 8 * height * width };
}
