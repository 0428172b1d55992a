import { invalid } from "../../../core/error.ts";
import type { Point } from "../../../core/geometry.ts";
import type { AdaptiveOptions } from "./adaptive-grid.ts";
import type { LevelOptions } from "./levels.ts";
import { layerGrids } from "./point-grid.ts";

/** Defaults are the published generator's, which are chosen for SAM with ViT-H. */
export interface ProposeWithSamOptions {
  /** The picture is asked at so many points along each side; default 32. */
  readonly pointsPerSide?: number;
  /** Points of the unit square for each crop layer, that of the whole picture first, instead of `pointsPerSide`. */
  readonly pointGrids?: readonly (readonly Point[])[];
  /** The most points decoded at once, which costs memory and changes no mask. Default as for `Sam.decodeEach`. */
  readonly pointsPerBatch?: number;
  /** A mask's predicted IoU is above; default 0.88. With 0 or less all pass. */
  readonly minPredictedIou?: number;
  /** A mask's stability is at least this; default 0.95. With 0 or less all pass. */
  readonly minStability?: number;
  /** How far the thresholds of stability are from the mask's; default 1. */
  readonly stabilityOffset?: number;
  /** Of two masks of a crop whose boxes have a larger IoU, the one with the lower predicted IoU goes; default 0.7. */
  readonly maxBoxIou?: number;
  /** The picture is also cut in 2^i × 2^i crops for each layer i up to this one, each looked at by itself; default 0. */
  readonly cropLayers?: number;
  /** Of two masks whose boxes have a larger IoU, the one from the larger crop goes; default 0.7. */
  readonly maxCropBoxIou?: number;
  /** How much crops of the first layer overlap, in units of the picture's shorter side; default 512/1500. */
  readonly cropOverlapRatio?: number;
  /** `pointsPerSide` is divided by this once for each crop layer; default 1. */
  readonly cropPointsDownscale?: number;
  /** Holes and islands of fewer pixels go, and masks that become alike by it; default 0. */
  readonly minRegionArea?: number;
  /** Treats subparts, parts and wholes differently. */
  readonly levels?: LevelOptions;
  /** Leaves out points inside masks that are good already, and so loses some masks. Off by default. */
  readonly adaptive?: AdaptiveOptions;
  readonly signal?: AbortSignal;
  /** Called after every point, and for those left out. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/**
 * The generator of FMA-WSSS, its pattern "l2_nmsf_s1_rsw3": crops, whole objects first, parts only where no larger mask covers them.
 *
 * @see HAL-42/FMA-WSSS, `configs/sam_auto_seg/patterns/mask_gen_ini.py`
 */
export const fmaSamOptions: ProposeWithSamOptions = {
  minPredictedIou: 0.86,
  minStability: 0.92,
  cropLayers: 1,
  cropPointsDownscale: 2,
  minRegionArea: 100,
  levels: { predictedIouOffset: [0, 0, 0.1], rankOffset: [0, 0, 1], maxCovered: 0.3 },
};

const noOffset = [0, 0, 0] as const;

type Thresholds =
  | "minPredictedIou"
  | "minStability"
  | "stabilityOffset"
  | "maxBoxIou"
  | "cropLayers"
  | "maxCropBoxIou"
  | "cropOverlapRatio"
  | "minRegionArea";

/** Options with their defaults. */
export interface GeneratorSettings extends Required<Pick<ProposeWithSamOptions, Thresholds>> {
  /** Points of the unit square for each crop layer. */
  readonly grids: readonly (readonly Point[])[];
  readonly batch: { readonly batch?: number };
  readonly levels: Required<LevelOptions>;
  readonly adaptive: AdaptiveOptions | null;
}

/** @throws MaskwrightError INVALID_ARGUMENT for an option out of its range */
export function settingsOf(options: ProposeWithSamOptions): GeneratorSettings {
  const {
    minPredictedIou = 0.88,
    minStability = 0.95,
    stabilityOffset = 1,
    maxBoxIou = 0.7,
    cropLayers = 0,
    maxCropBoxIou = 0.7,
    cropOverlapRatio = 512 / 1500,
    cropPointsDownscale = 1,
    minRegionArea = 0,
    levels = {},
  } = options;
  const numbers = { minPredictedIou, minStability, maxBoxIou, maxCropBoxIou, minRegionArea };
  for (const [name, value] of Object.entries(numbers)) check(name, "a number", value, !Number.isNaN(value));
  check("stabilityOffset", "a number >= 0", stabilityOffset, stabilityOffset >= 0);
  check("cropLayers", "an integer from 0 to 8", cropLayers, isWhole(cropLayers, 0, 8));
  check("cropOverlapRatio", "0 to 1", cropOverlapRatio, cropOverlapRatio >= 0 && cropOverlapRatio <= 1);
  check("cropPointsDownscale", "a number >= 1", cropPointsDownscale, cropPointsDownscale >= 1);
  return {
    ...numbers,
    stabilityOffset,
    cropLayers,
    cropOverlapRatio,
    batch: options.pointsPerBatch === undefined ? {} : { batch: options.pointsPerBatch },
    adaptive: options.adaptive ?? null,
    grids: gridsOf(options, cropLayers, cropPointsDownscale),
    levels: {
      predictedIouOffset: noOffset,
      rankOffset: noOffset,
      stabilityOffset: noOffset,
      maxCovered: Number.POSITIVE_INFINITY,
      ...levels,
    },
  };
}

function gridsOf(
  { pointsPerSide, pointGrids }: ProposeWithSamOptions,
  layers: number,
  downscale: number,
): readonly (readonly Point[])[] {
  if (pointGrids === undefined) {
    const count = pointsPerSide ?? 32;
    check("pointsPerSide", "an integer from 1 to 1000", count, isWhole(count, 1, 1000));
    return layerGrids(count, layers, downscale);
  }
  check("pointsPerSide", "nothing beside pointGrids", pointsPerSide, pointsPerSide === undefined);
  check("pointGrids", `a grid for each of ${layers + 1} layers`, pointGrids, pointGrids.length > layers);
  return pointGrids;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function check(name: string, expected: string, value: unknown, isRight: boolean): void {
  if (!isRight) throw invalid(`proposeWithSam: ${name}`, expected, value);
}
