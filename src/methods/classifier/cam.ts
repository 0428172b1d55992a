import type { NdArray } from "../../core/array.ts";
import type { Cam } from "../../core/class-maps.ts";
import { MaskwrightError, shapeMismatch } from "../../core/error.ts";
import type { ClassId } from "../../core/label-map.ts";
import { formatShape } from "../../engine/index.ts";
import type { TagHead } from "./tag-head.ts";

/**
 * The class activation maps of a linear head on features that are averaged over the picture: what each position adds to the logit. They are exact:
 * the mean of a map, its bias included, is the class's logit.
 *
 * @param features  [F, h, w] of the picture
 * @param classes   those of the picture's tags
 * @returns         [P, h, w] in the order of `classes`
 * @throws MaskwrightError NOT_FOUND for a class that the head does not know; SHAPE_MISMATCH for other features than it was trained on
 * @see Zhou et al. 2016, equation 2; differs: the bias is in the map
 */
export function classifierCam(features: NdArray<"float32">, head: TagHead, classes: readonly ClassId[]): Cam {
  const [size, height, width] = features.shape;
  if (features.shape.length !== 3 || size !== head.weight.shape[1])
    throw shapeMismatch(
      "classifierCam: features",
      `[${head.weight.shape[1]}, h, w]`,
      formatShape(features.shape),
    );
  const plane = height * width;
  const data = new Float32Array(classes.length * plane);
  for (const [p, id] of classes.entries()) {
    const row = head.classes.indexOf(id);
    if (row < 0)
      throw new MaskwrightError(
        "NOT_FOUND",
        `classifierCam: expected one of the classes ${head.classes}, got ${id}`,
        {
          hint: "train the head on pictures that are tagged with it",
        },
      );
    const map = data.subarray(p * plane, (p + 1) * plane).fill(head.bias[row]);
    for (let f = 0; f < size; f++) {
      const factor = head.weight.data[row * size + f];
      for (let q = 0, at = f * plane; q < plane; q++, at++) map[q] += factor * features.data[at];
    }
  }
  return { kind: "cam", classes, height, width, data };
}

/** [F, h, w] to the mean of each feature, [F]. */
export function averageFeatures({ shape: [size, height, width], data }: NdArray<"float32">): Float32Array {
  const plane = height * width;
  return Float32Array.from({ length: size }, (_, f) => {
    let sum = 0;
    for (let at = f * plane; at < (f + 1) * plane; at++) sum += data[at];
    return sum / plane;
  });
}
