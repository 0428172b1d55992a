import type { NdArray } from "../../core/array.ts";
import type { Cam } from "../../core/class-maps.ts";
import { shapeMismatch } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import type { ClassId } from "../../core/label-map.ts";
import {
  compile,
  createExecutableCache,
  createGraph,
  formatShape,
  input,
  type Runtime,
} from "../../engine/index.ts";
import type { Competition } from "./class-softmax.ts";
import { type ClipSource, clipLastBlock } from "./clip-sides.ts";
import { gradCam } from "./grad-cam.ts";
import { presentClasses } from "./prompt-batches.ts";

export interface ClipCamOptions {
  /** F, of the texts; the others are the background's. */
  readonly classCount: number;
  /** `Clip.logitScale` */
  readonly scale: number;
  /** @default "present" */
  readonly competition?: Competition;
  /** Bytes that compiled networks may hold, one for each number of patches. Default 1 GB. */
  readonly networkBytes?: number;
}

/** What a CAM needs of a picture: `Clip.encodeImage` gives it. */
export interface CamPicture {
  /** Patches. */
  readonly grid: Size;
  /** [1, 1 + N, D] what enters the last block. */
  readonly lastInput: NdArray<"float32">;
}

/** CAMs of pictures by CLIP's last block, which is compiled for each number of patches. */
export interface ClipCam {
  /**
   * The CAM of a picture's classes, on its grid of patches, class by class in ascending id: a class takes one pass forward and
   * back through one block, so memory does not grow with them. No classes: no maps.
   *
   * @param texts    [G, E] embeddings of unit length, classes first: the program "texts" of a trained context
   * @param classes  ids from 1
   */
  camOf(picture: CamPicture, texts: NdArray<"float32">, classes: readonly ClassId[]): Promise<Cam>;
  dispose(): Promise<void>;
}

export function createClipCam(source: ClipSource, runtime: Runtime, options: ClipCamOptions): ClipCam {
  const { classCount, scale, competition = "present", networkBytes = 1e9 } = options;
  const { frozen = {}, folder } = source;
  const cache = createExecutableCache(networkBytes);
  const compileFor = (tokens: readonly number[], texts: readonly number[]) => {
    const graph = createGraph();
    const block = clipLastBlock({ ...source, frozen })(input(graph, "tokens", tokens));
    const { cam } = gradCam({
      ...block,
      texts: input(graph, "texts", texts),
      scale,
      present: input(graph, "present", [1, classCount]),
      target: input(graph, "target", [1], "int64"),
      competition,
    });
    return compile({ cam }, runtime, folder === undefined ? {} : { folder });
  };
  return {
    async camOf({ grid, lastInput }, texts, classes) {
      const { height, width } = grid;
      if (lastInput.shape[1] !== 1 + height * width) {
        const expected = formatShape([1, 1 + height * width, source.config.vision.dim]);
        throw shapeMismatch("camOf: lastInput", expected, formatShape(lastInput.shape));
      }
      const ids = [...new Set(classes)].sort((a, b) => a - b);
      const data = new Float32Array(ids.length * height * width);
      const present = {
        dtype: "float32",
        shape: [1, classCount],
        data: presentClasses([ids], classCount),
      } as const;
      const key = `${formatShape(lastInput.shape)} ${formatShape(texts.shape)}`;
      const build = () => compileFor(lastInput.shape, texts.shape);
      if (ids.length > 0)
        await cache.use(key, build, async (executable) => {
          for (const [p, id] of ids.entries()) {
            const target = { dtype: "int64", shape: [1], data: BigInt64Array.of(BigInt(id - 1)) } as const;
            const { cam } = await executable.run({ tokens: lastInput, texts, present, target });
            data.set(cam.data as Float32Array, p * height * width);
          }
        });
      return { kind: "cam", classes: ids, height, width, data };
    },
    dispose: () => cache.clear(),
  };
}
