import { badFormat, MaskwrightError } from "../../core/error.ts";
import { formatSize, isSameSize } from "../../core/geometry.ts";
import { type Random, random } from "../../core/random.ts";
import type { Rle } from "../../core/rle.ts";
import { readPhoto } from "../../data/photo.ts";
import type { Arrays } from "../../engine/index.ts";
import { drawSample, type MaskedPicture, type SampleOptions } from "../../methods/promptable/sample.ts";
import { drawScene } from "../../scenes/index.ts";

/** Where a picture with masks comes from. */
export type MaskedSource =
  | { readonly kind: "scene" }
  | { readonly kind: "photo"; readonly path: string; readonly masks: readonly Rle[] };

export interface PromptSamplesTask extends SampleOptions {
  readonly source: MaskedSource;
  /** Of everything that is left to chance. */
  readonly seed: string;
  /** Windows of the picture. */
  readonly windows: number;
}

/** Windows of a picture that are drawn before it is given up, where nothing is seen in them. */
const TRIES = 50;

/** Windows of one picture, each with prompts. A photo whose masks are hardly ever seen gives way to a scene. */
export async function drawPromptSamples({
  source,
  seed,
  windows,
  ...options
}: PromptSamplesTask): Promise<Arrays[]> {
  const r = random(seed);
  const draw = (picture: MaskedPicture): Arrays[] => {
    const samples: Arrays[] = [];
    for (let tries = 0; tries < TRIES && samples.length < windows; tries++) {
      const sample = drawSample(picture, options, r);
      if (sample !== null) samples.push(sample);
    }
    return samples;
  };
  const own = source.kind === "scene" ? [] : draw(await maskedPhoto(source));
  const samples = own.length === windows ? own : draw(maskedScene(seed, r, options.canvas));
  if (samples.length < windows)
    throw new MaskwrightError("BAD_FORMAT", `scene "${seed}": expected masks of a few pixels each, got none`);
  return samples;
}

/** Objects, parts and things of no class; two scenes of shapes for each one of objects. */
function maskedScene(seed: string, r: Random, canvas: number): MaskedPicture {
  const content = r.next() < 0.67 ? "shapes" : "objects";
  const side = (): number => Math.round(canvas * r.between(0.6, 1));
  const { image, instances } = drawScene(seed, { size: { height: side(), width: side() }, content });
  return {
    image,
    masks: instances.flatMap(({ mask, parts }) => [mask, ...parts.map((part) => part.mask)]),
  };
}

async function maskedPhoto({
  path,
  masks,
}: Extract<MaskedSource, { kind: "photo" }>): Promise<MaskedPicture> {
  const image = await readPhoto(path);
  const other = masks.find((mask) => !isSameSize(mask, image));
  if (other !== undefined)
    throw badFormat(
      path,
      `a photo of ${formatSize(other)} as its masks`,
      formatSize(image),
      "Photos are turned as their EXIF orientation says.",
    );
  return { image, masks };
}
