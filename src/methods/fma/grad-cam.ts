import {
  constant,
  formatShape,
  l2Normalize,
  matmul,
  mean,
  mul,
  oneHot,
  opError,
  reshape,
  slice,
  sum,
  type Tensor,
  vjp,
} from "../../engine/index.ts";
import { type Competition, classScores } from "./class-softmax.ts";

/**
 * The image encoder behind the CAM's layer, for rows that each hold one picture: the first norm of the last block to the
 * picture's embedding. `finishImage` of CLIP with the block's input held fixed.
 *
 * @param activation  [P, T, D], T = 1 + N with the class token first
 * @returns           [P, E], of any length
 */
export type FinishImage = (activation: Tensor) => Tensor;

/** One row for each class that is looked for in a picture; a picture with two classes has two rows. */
export interface CamRows {
  /** [P, T, D] the first norm in the last block, the class token first. */
  readonly activation: Tensor;
  readonly finish: FinishImage;
  /** [G, E] embeddings of the prompts, of unit length, foreground classes first. */
  readonly texts: Tensor;
  /** exp(logit_scale), about 100. */
  readonly scale: number;
  /** [P, F] float, 1 for the classes in the row's picture. */
  readonly present: Tensor;
  /** [P] int64, the class of the row, counted from 0 without the background. */
  readonly target: Tensor;
  /** @default "present" */
  readonly competition?: Competition;
}

export interface GradCam {
  /** [P, N] activations of the patches, signed and not scaled. */
  readonly cam: Tensor;
  /** [P, G] cosines times the scale. */
  readonly logits: Tensor;
  /** [P, G] what the classes' scores were, see `classScores`. */
  readonly scores: Tensor;
}

/**
 * Softmax-GradCAM of CLIP: the weight of a channel is the mean over patches of ∂(score of the class)/∂A, the map is the
 * channels' sum so weighted. The class token takes part in the forward pass only. Neither ReLU nor scaling follows: later
 * steps depend on signs and magnitudes.
 *
 * Only what lies behind A is differentiated; the residual path around the norm is held fixed.
 *
 * @see Lin et al. 2023 (CLIP-ES), section 3.1; HAL-42/FMA-WSSS, `cam_clips.py`
 */
export function gradCam(rows: CamRows): GradCam {
  const { activation, present, target, competition = "present" } = rows;
  const { embedding, logits } = compareRows(rows);
  const scores = classScores(logits, present, competition);
  const own = targetScores(scores, target);
  // In two steps, the embedding between them: the first is tiny, the second is the one pass through the block.
  const direction = vjp([own], [onesLike(own)], [embedding])[0];
  const slope = vjp([embedding], [direction], [activation])[0];
  return { cam: weighPatches(activation, slope), logits, scores };
}

/** Unit embeddings of the rows' pictures [P, E], and their logits [P, G]. */
export function compareRows({
  activation,
  finish,
  texts,
  scale,
}: Pick<CamRows, "activation" | "finish" | "texts" | "scale">): { embedding: Tensor; logits: Tensor } {
  if (activation.shape.length !== 3)
    throw opError("gradCam: activation", "[P, 1 + N, D]", formatShape(activation.shape));
  const embedding = l2Normalize(finish(activation));
  return { embedding, logits: matmul(embedding, texts, { transposeB: true, alpha: scale }) };
}

/** [P] of [P, G]: each row's own class. */
export function targetScores(scores: Tensor, target: Tensor): Tensor {
  return sum(mul(scores, oneHot(target, scores.shape[1] as number)), { axes: 1 });
}

/** Σ_d A[n, d] · mean_n slope[n, d] over the patches: [P, N]. */
export function weighPatches(activation: Tensor, slope: Tensor): Tensor {
  const patches = patchesOf(activation);
  const [rows, count, dim] = patches.shape;
  const weights = reshape(mean(patchesOf(slope), { axes: 1 }), [rows, dim, 1]);
  return reshape(matmul(patches, weights), [rows, count]);
}

/** Without the class token. */
export function patchesOf(tokens: Tensor): Tensor {
  return slice(tokens, { axis: 1, start: 1 });
}

export function onesLike(x: Tensor): Tensor {
  const shape = x.shape as readonly number[];
  return constant(
    x.graph,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 1),
    { shape },
  );
}
