import type { Size } from "../../core/geometry.ts";
import type { WeakLabel } from "../../core/weak-label.ts";
import type { Prompt } from "../../models/sam/prompt.ts";
import type { Sam } from "../../models/sam/sam.ts";
import type { PartTargets } from "./targets.ts";

/**
 * What the frozen prompt encoder makes of a picture's boxes or points: the teacher's tokens. A box gives its two corners; a point gives
 * itself and a constant, which the student then has to learn. Points that say where a class is not are no parts and left out.
 *
 * @param size  of the picture the coordinates are in: the one that was embedded
 * @see WPS-SAM, section 3.3. Coordinates stay float64 until they are in units of the side, as in the published code.
 */
export async function teachParts(
  sam: Sam,
  weak: Extract<WeakLabel, { readonly kind: "boxes" | "points" }>,
  size: Size,
): Promise<PartTargets> {
  const parts =
    weak.kind === "boxes"
      ? weak.boxes.map((box) => ({ classId: box.classId, prompt: { box } }))
      : weak.points
          .filter(({ positive }) => positive)
          .map((point) => ({ classId: point.classId, prompt: { points: [point] } }));
  const prompts: Prompt[] = parts.map(({ prompt }) => prompt);
  return {
    classIds: parts.map(({ classId }) => classId),
    tokens: await sam.promptTokens(prompts, size, { precision: "float64" }),
  };
}

/** The centers of boxes as points: the published point supervision. */
export function boxCenters(
  weak: Extract<WeakLabel, { readonly kind: "boxes" }>,
): Extract<WeakLabel, { readonly kind: "points" }> {
  const points = weak.boxes.map(({ classId, x0, y0, x1, y1 }) => ({
    classId,
    x: (x0 + x1) / 2,
    y: (y0 + y1) / 2,
    positive: true,
  }));
  return { kind: "points", points };
}
