import { MaskwrightError } from "../../core/error.ts";
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

/** Windows in which nothing can be seen that are drawn again. */
const TRIES = 50;

/** Windows of one picture, each with prompts. */
export async function drawPromptSamples({
  source,
  seed,
  windows,
  ...options
}: PromptSamplesTask): Promise<Arrays[]> {
  const r = random(seed);
  const picture = source.kind === "scene" ? maskedScene(seed, r, options.canvas) : await maskedPhoto(source);
  const samples: Arrays[] = [];
  for (let tries = 0; samples.length < windows; tries++) {
    if (tries === TRIES) {
      const where = source.kind === "scene" ? `scene "${seed}"` : source.path;
      throw new MaskwrightError("BAD_FORMAT", `${where}: expected masks of a few pixels each, got none`);
    }
    const sample = drawSample(picture, options, r);
    if (sample !== null) samples.push(sample);
  }
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
  return { image: await readPhoto(path), masks };
}
