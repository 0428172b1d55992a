import type { NdArray } from "../../core/array.ts";
import { shapeMismatch } from "../../core/error.ts";
import type { ClassId } from "../../core/label-map.ts";
import { formatShape } from "../../engine/index.ts";

/** What a picture's queries learn to say: its parts, in any order. */
export interface PartTargets {
  /** 1 for the first part class. */
  readonly classIds: ArrayLike<ClassId>;
  /** [N, T, C], the teacher's. */
  readonly tokens: NdArray<"float32">;
}

/** The parts of a picture among those of a batch. */
export interface BatchTargets {
  /** [B], parts of each picture. */
  readonly counts: NdArray<"int32">;
  /** [N], N the parts of all pictures together. */
  readonly classes: NdArray<"int32">;
  /** [N, T, C] */
  readonly teacher: NdArray<"float32">;
}

/** The targets of several pictures in one set of arrays, as a step is fed them. */
export function packTargets(targets: readonly PartTargets[], tokenShape: readonly number[]): BatchTargets {
  const classes = Int32Array.from(targets.flatMap(({ classIds }) => Array.from(classIds)));
  const size = tokenShape[0] * tokenShape[1];
  const data = new Float32Array(classes.length * size);
  let at = 0;
  for (const { classIds, tokens } of targets) {
    // The tokens of no prompt have no shape.
    if (classIds.length === 0) continue;
    const shape = [classIds.length, ...tokenShape];
    if (formatShape(tokens.shape) !== formatShape(shape))
      throw shapeMismatch("packTargets: tokens", formatShape(shape), formatShape(tokens.shape));
    data.set(tokens.data, at);
    at += tokens.data.length;
  }
  const counts = Int32Array.from(targets, ({ classIds }) => classIds.length);
  return {
    counts: { dtype: "int32", shape: [counts.length], data: counts },
    classes: { dtype: "int32", shape: [classes.length], data: classes },
    teacher: { dtype: "float32", shape: [classes.length, ...tokenShape], data },
  };
}

/** The targets of each picture of a batch; views. */
export function unpackTargets({ counts, classes, teacher }: BatchTargets): PartTargets[] {
  const [, ...tokenShape] = teacher.shape;
  const size = tokenShape[0] * tokenShape[1];
  let end = 0;
  return Array.from(counts.data, (count) => {
    const start = end;
    end += count;
    return {
      classIds: classes.data.subarray(start, end),
      tokens: {
        dtype: "float32",
        shape: [count, ...tokenShape],
        data: teacher.data.subarray(start * size, end * size),
      },
    };
  });
}
