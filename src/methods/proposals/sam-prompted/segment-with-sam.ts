import { MaskwrightError } from "../../../core/error.ts";
import { clipBox, type Size } from "../../../core/geometry.ts";
import type { RgbImage } from "../../../core/image.ts";
import type { ObjectPrompt } from "../../../core/object-prompt.ts";
import type { Proposal } from "../../../core/proposal.ts";
import { createMaskEncoder, type MaskRuns, type Prompt, type Sam } from "../../../models/index.ts";

export interface SegmentWithSamOptions {
  /** Looked at before the picture is, and after every prompt. */
  readonly signal?: AbortSignal;
}

/**
 * The objects that boxes and points of a picture mean: one mask a prompt, in their order; one that SAM finds nothing for is empty.
 *
 * A box and several points mean one object, and their answer is the mask SAM has for such prompts. A single point may mean a
 * part or the whole: of SAM's three masks for it the one with the highest predicted IoU is taken, the first among
 * equals, and `level` says which. Boxes are cut at the picture's edge and given to SAM by the numbers of their corners, points
 * by its own count of pixels, in which whole numbers are middles.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a prompt that the model cannot read; ABORTED when the signal has fired
 * @see segment-anything, `notebooks/predictor_example.ipynb`, for when to ask for three masks
 */
export async function segmentWithSam(
  sam: Sam,
  image: RgbImage,
  prompts: readonly ObjectPrompt[],
  { signal }: SegmentWithSamOptions = {},
): Promise<Proposal[]> {
  if (prompts.length === 0) return [];
  const checkSignal = (): void => {
    if (signal?.aborted === true)
      throw new MaskwrightError("ABORTED", `segmentWithSam: stopped among ${prompts.length} prompts`);
  };
  checkSignal();
  const answers: Proposal[] = [];
  const embedding = await sam.embed(image);
  let encode: ((logits: Float32Array) => MaskRuns) | undefined;
  for (const isSingle of [true, false]) {
    const indices = [...prompts.keys()].filter((k) => isSinglePoint(prompts[k]) === isSingle);
    const asked = indices.map((k) => samPrompt(prompts[k], image));
    const predictions = sam.decodeEach(embedding, asked, { multimask: isSingle });
    for await (const { prompt, logits, predictedIou, ...frame } of predictions) {
      checkSignal();
      const [, height, width] = logits.shape;
      encode ??= createMaskEncoder(frame, { height, width });
      const best = predictedIou.indexOf(Math.max(...predictedIou));
      answers[indices[prompt]] = {
        ...encode(logits.data.subarray(best * height * width, (best + 1) * height * width)),
        predictedIou: predictedIou[best],
        ...(isSingle && { level: best as 0 | 1 | 2 }),
      };
    }
  }
  return answers;
}

function isSinglePoint(prompt: ObjectPrompt): boolean {
  return prompt.kind === "points" && prompt.points.length === 1;
}

function samPrompt(prompt: ObjectPrompt, picture: Size): Prompt {
  if (prompt.kind === "box") return { box: clipBox(prompt.box, picture) ?? prompt.box };
  return { points: prompt.points.map(({ x, y, positive }) => ({ x: x - 0.5, y: y - 0.5, positive })) };
}
