import type { NdArray } from "../../core/array.ts";
import { invalid } from "../../core/error.ts";
import type { Box, Size } from "../../core/geometry.ts";
import { BACKGROUND, type ClassId, IGNORE, type LabelMap } from "../../core/label-map.ts";
import type { FloatMap } from "../../core/resize.ts";
import { encodeRle, type Rle, rleBox } from "../../core/rle.ts";
import type { Prompter } from "../../models/prompter/networks.ts";
import type { SamEmbedding } from "../../models/sam/embedding.ts";
import { MASK_THRESHOLD, thresholdLogits, upscaleLogits } from "../../models/sam/postprocess.ts";
import type { Prompt } from "../../models/sam/prompt.ts";
import type { MaskPrediction, Sam } from "../../models/sam/sam.ts";
import { type CenterFrame, cropMap } from "./frame.ts";
import { largest } from "./match-batch.ts";
import { softmax } from "./matching.ts";
import type { PartTargets } from "./targets.ts";
import type { TokenProjection } from "./token-projection.ts";

/** A part that a query found. */
export interface FoundPart {
  readonly classId: ClassId;
  /** Probability of the class. */
  readonly score: number;
  readonly query: number;
  /** One mask. */
  readonly prediction: MaskPrediction;
}

/**
 * The parts in a picture: every query whose likeliest class is not "no object", its tokens decoded by SAM. In the order of the queries.
 *
 * @see WPS-SAM, section 3.4. There is no threshold on scores and no suppression of overlaps, as in the published code. Differs: no box of
 *      the truth is needed.
 */
export async function findParts(
  prompter: Prompter,
  sam: Sam,
  embedding: SamEmbedding,
  projection?: TokenProjection,
): Promise<FoundPart[]> {
  const { logits, tokens } = await prompter.prompt(embedding.features);
  const [queries, columns] = logits.shape;
  const [, ...tokenShape] = tokens.shape;
  const size = tokens.data.length / queries;
  const kept = Array.from({ length: queries }, (_, query) => {
    const row = logits.data.subarray(query * columns, (query + 1) * columns);
    const index = largest(row);
    return { query, classId: index + 1, score: softmax(row)[index] };
  }).filter(({ classId }) => classId < columns);
  const said = new Float32Array(kept.length * size);
  kept.forEach(({ query }, k) => {
    said.set(tokens.data.subarray(query * size, (query + 1) * size), k * size);
  });
  const own = { dtype: "float32" as const, shape: [kept.length, ...tokenShape], data: said };
  const prompts = splitTokens(projection === undefined ? own : await projection.project(own));
  const predictions = await sam.decodeAll(embedding, prompts, { multimask: false });
  return kept.map((each, k) => ({ ...each, prediction: predictions[k] }));
}

/** What SAM makes of the teacher's tokens: the best that a student can do. Scores are 1, queries the targets' positions. */
export async function decodeTargets(
  sam: Sam,
  embedding: SamEmbedding,
  { classIds, tokens }: PartTargets,
): Promise<FoundPart[]> {
  const predictions = await sam.decodeAll(embedding, splitTokens(tokens), { multimask: false });
  return predictions.map((prediction, n) => ({ classId: classIds[n], score: 1, query: n, prediction }));
}

/** Tokens of several parts, [N, T, C], as a prompt for each. */
function splitTokens({ shape: [count, ...shape], data }: NdArray<"float32">): Prompt[] {
  const size = data.length / count;
  return Array.from({ length: count }, (_, n) => ({
    tokens: { dtype: "float32", shape, data: data.subarray(n * size, (n + 1) * size) },
  }));
}

/** A part with its pixels. */
export interface PartInstance {
  readonly classId: ClassId;
  readonly score: number;
  /** The decoder's estimate; may exceed 1. */
  readonly predictedIou: number;
  readonly box: Box;
  readonly rle: Rle;
}

export interface DrawnParts {
  /** In the order of the parts found, without those that have no pixel. */
  readonly instances: readonly PartInstance[];
  /** The class of each pixel: that of the mask with the highest logit, background where none is above the threshold. */
  readonly labels: LabelMap;
}

/**
 * Draws parts at the size of the picture. Where masks of equal logits overlap, the lower class wins. One mask's logits are held at a time.
 *
 * @param size   of the picture
 * @param frame  where the picture lay when it was embedded, if it was placed in the middle of a square
 * @throws MaskwrightError INVALID_ARGUMENT for a class id that no label map holds
 */
export function drawParts(found: readonly FoundPart[], size: Size, frame?: CenterFrame): DrawnParts {
  const { height, width } = size;
  const data = new Uint8Array(height * width).fill(BACKGROUND);
  const highest = new Float32Array(height * width).fill(MASK_THRESHOLD);
  const instances = new Map<FoundPart, PartInstance>();
  for (const part of [...found].sort((a, b) => a.classId - b.classId)) {
    const { classId, score, prediction } = part;
    if (classId >= IGNORE) throw invalid("drawParts: class", `an id below ${IGNORE}`, classId);
    const logits = logitsOf(prediction, frame);
    for (let p = 0; p < data.length; p++) {
      if (logits.data[p] <= highest[p]) continue;
      highest[p] = logits.data[p];
      data[p] = classId;
    }
    const rle = encodeRle(thresholdLogits(logits));
    const box = rleBox(rle);
    if (box !== null)
      instances.set(part, { classId, score, predictedIou: prediction.predictedIou[0], box, rle });
  }
  return {
    instances: found.flatMap((part) => instances.get(part) ?? []),
    labels: { height, width, data },
  };
}

function logitsOf(prediction: MaskPrediction, frame: CenterFrame | undefined): FloatMap {
  const logits = upscaleLogits(prediction, 0);
  return frame === undefined ? logits : cropMap(logits, frame);
}
