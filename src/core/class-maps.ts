import type { Size } from "./geometry.ts";
import type { ClassId } from "./label-map.ts";

/** Per-class maps [P, H, W], P = classes.length. `kind` says what the numbers are, so one cannot pass for another. */
export interface ClassMaps<K extends "cam" | "score" | "logit" | "prob"> extends Size {
  readonly kind: K;
  readonly classes: readonly ClassId[];
  readonly data: Float32Array;
}

/** Raw class activation, unbounded. */
export type Cam = ClassMaps<"cam">;
/** A CAM after clamping and per-class scaling, in [0, 1]. */
export type Scores = ClassMaps<"score">;
/** Before softmax over classes. */
export type Logits = ClassMaps<"logit">;
/** After softmax over classes. */
export type Probs = ClassMaps<"prob">;
