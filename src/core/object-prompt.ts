import type { Box, Point } from "./geometry.ts";
import type { ClassId } from "./label-map.ts";

export interface PointPrompt extends Point {
  /** Whether the object holds the point, or must not. */
  readonly positive: boolean;
}

/** How a person says which object of a picture is meant: by its box, or by points on it and beside it. */
export type ObjectPrompt =
  | { readonly kind: "box"; readonly box: Box }
  | { readonly kind: "points"; readonly points: readonly PointPrompt[] };

/** An object that is pointed at, and what it is. */
export type LabeledPrompt = ObjectPrompt & { readonly classId: ClassId };
