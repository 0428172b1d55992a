import type { NdArray } from "../../core/array.ts";
import type { Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import {
  compile,
  createExecutableCache,
  createGraph,
  frozenWeights,
  input,
  type Runtime,
  type WeightFile,
} from "../../engine/index.ts";
import type { MobileNetConfig } from "./config.ts";
import { type MobileNetOptions, mobileNetFeatures } from "./network.ts";
import { preprocessMobileNet } from "./preprocess.ts";

/** A network whose features tell what is in a picture, and roughly where. */
export interface FeatureExtractor {
  /**
   * @param size  to which the picture is brought first
   * @returns     [F, h, w]
   */
  extract(image: RgbImage, size: Size): Promise<NdArray<"float32">>;
  /** Frees what was compiled; a later use compiles again. */
  dispose(): Promise<void>;
}

/** Bytes that compiled networks may hold; there is one for each size of pictures in use. */
const CACHE_BYTES = 256e6;

/** @param weights  from `mobileNetWeights` or `mobileNetFromTflite` */
export function createMobileNet(
  weights: WeightFile,
  config: MobileNetConfig,
  runtime: Runtime,
  options: MobileNetOptions = {},
): FeatureExtractor {
  const networks = createExecutableCache(CACHE_BYTES);
  return {
    extract: async (image, size) => {
      const pixels = preprocessMobileNet(image, size);
      const build = () => {
        const graph = createGraph();
        const x = input(graph, "pixels", pixels.shape);
        return compile(
          { features: mobileNetFeatures(frozenWeights(graph, weights), x, config, options) },
          runtime,
        );
      };
      return await networks.use(`${size.height}x${size.width}`, build, async (network) => {
        const { shape, data } = (await network.run({ pixels })).features;
        return { dtype: "float32", shape: shape.slice(1), data: data as Float32Array };
      });
    },
    dispose: () => networks.clear(),
  };
}
