import {
  broadcastTo,
  concat,
  constant,
  gradients,
  jvp,
  matmul,
  mul,
  reshape,
  stopGradient,
  type Tensor,
  vjp,
} from "../../engine/index.ts";
import { classScores } from "./class-softmax.ts";
import { type CamRows, compareRows, onesLike, patchesOf, targetScores, weighPatches } from "./grad-cam.ts";

/** The CAMs of rows, a loss of them, and how it moves with the texts. */
export interface CamSlope {
  /** [P, N] */
  readonly cam: Tensor;
  readonly loss: Tensor;
  /** [G, E] ∂loss/∂texts, without any part through which the pictures' features would move: they are frozen. */
  readonly slope: Tensor;
}

/**
 * A loss of CAMs and its gradient by the texts, by one pass back and one pass forward through the last block.
 *
 * With J the derivative of the unit embedding ê by the patches of A, and v = ∂(class score)/∂ê, which alone depends on the
 * texts, the CAM is A · mean(Jᵀv): linear in v. So the loss moves with v by J applied to the tangent that is Aᵀ(∂loss/∂CAM) / N
 * on every patch and 0 on the class token, and with the texts by what that does to v. Differentiating the network's derivative
 * is not needed; the numbers are the same.
 *
 * @param lossOf  one number of the rows' CAMs [P, N]
 */
export function camSlope(rows: CamRows, lossOf: (cam: Tensor) => Tensor): CamSlope {
  const { texts, scale, present, target, competition = "present" } = rows;
  const activation = stopGradient(rows.activation);
  const { embedding } = compareRows({ ...rows, activation });

  const fixed = stopGradient(embedding);
  const logits = matmul(fixed, texts, { transposeB: true, alpha: scale });
  const own = targetScores(classScores(logits, present, competition), target);
  const direction = vjp([own], [onesLike(own)], [fixed])[0]; // v, [P, E]
  const back = vjp([embedding], [stopGradient(direction)], [activation])[0];
  // A value of its own, so that nothing is folded past it.
  const cam = stopGradient(weighPatches(activation, back));

  const loss = lossOf(cam);
  const pull = gradients(loss, [cam])[0]; // [P, N]
  const forward = jvp([embedding], [activation], [tangentOf(activation, pull)])[0]; // ∂loss/∂v
  return { cam, loss, slope: vjp([direction], [forward], [texts])[0] };
}

/** [P, 1 + N, D]: 0 on the class token, Aᵀ pull / N on every patch. */
function tangentOf(activation: Tensor, pull: Tensor): Tensor {
  const patches = patchesOf(activation);
  const [rows, count, dim] = patches.shape as readonly number[];
  const mean = mul(matmul(reshape(pull, [rows, 1, count]), patches), 1 / count); // [P, 1, D]
  const zero = constant(activation.graph, new Float32Array(rows * dim), { shape: [rows, 1, dim] });
  return concat([zero, broadcastTo(mean, [rows, count, dim])], 1);
}
