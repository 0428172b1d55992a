import type { Box, Point } from "./geometry.ts";
import type { RgbImage } from "./image.ts";
import type { ClassId, LabelMap } from "./label-map.ts";

export interface LabeledBox extends Box {
  readonly classId: ClassId;
}

export interface LabeledPoint extends Point {
  readonly classId: ClassId;
  /** false: the class is not here. */
  readonly positive: boolean;
  /** What the points of one object share; a point without it stands for itself. */
  readonly object?: string;
}

/** The cheap supervision of one picture. */
export type WeakLabel =
  | { readonly kind: "tags"; readonly classes: readonly ClassId[] }
  | { readonly kind: "points"; readonly points: readonly LabeledPoint[] }
  | { readonly kind: "boxes"; readonly boxes: readonly LabeledBox[] };

export interface Sample {
  readonly id: string;
  readonly image: RgbImage;
  readonly weak: WeakLabel;
}

/** All that a weakly supervised method may see. */
export interface WeakDataset {
  readonly name: string;
  /** index = class id, 0 = background */
  readonly classes: readonly string[];
  readonly ids: readonly string[];
  read(id: string): Promise<Sample>;
}

/** Ground truth: taken by evaluation and by nothing in methods. */
export interface EvalDataset extends WeakDataset {
  truth(id: string): Promise<LabelMap>;
}
