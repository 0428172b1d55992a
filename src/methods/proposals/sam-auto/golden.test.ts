import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../../core/array.ts";
import {
  type Box,
  boxFromCoco,
  boxFromSam,
  boxToSam,
  type CocoBox,
  isWholePicture,
  type SamBox,
} from "../../../core/geometry.ts";
import { rleIou } from "../../../core/iou.ts";
import type { Proposal } from "../../../core/proposal.ts";
import { encodeRle, rleArea, rleBox } from "../../../core/rle.ts";
import { decodeRleString, encodeRleString } from "../../../core/rle-string.ts";
import { readPhoto } from "../../../data/photo.ts";
import { openWeightFile } from "../../../engine/node.ts";
import { stabilityOf, thresholdLogits } from "../../../models/sam/postprocess.ts";
import { createSam } from "../../../models/sam/sam.ts";
import { configOf, type GoldenCases, openGoldenTensors } from "../../../models/sam/testing/golden-sam.ts";
import { goldenFolder, readJson } from "../../../testing/folders.ts";
import { reportGolden } from "../../../testing/golden.ts";
import { tryRuntime } from "../../../testing/runtime.ts";
import { cropsOf, isCutByCrop } from "./crops.ts";
import { keepUncoveredParts, type PerLevel } from "./levels.ts";
import type { ProposeWithSamOptions } from "./options.ts";
import { layerGrids } from "./point-grid.ts";
import { proposeWithSam } from "./propose.ts";
import { fillHoles, removeIslands } from "./small-regions.ts";
import { suppressOverlaps } from "./suppression.ts";

/** Arguments of the published generators. */
interface Arguments {
  readonly points_per_side: number;
  readonly points_per_batch: number;
  readonly pred_iou_thresh: number;
  readonly stability_score_thresh: number;
  readonly stability_score_offset?: number;
  readonly box_nms_thresh: number;
  readonly crop_nms_thresh: number;
  readonly crop_n_layers: number;
  readonly crop_n_points_downscale_factor?: number;
  readonly crop_overlap_ratio?: number;
  readonly min_mask_region_area?: number;
  readonly score_thresh_offset?: PerLevel;
  readonly score_nms_offset?: PerLevel;
  readonly stability_score_bias?: PerLevel;
  readonly rock_sand_water_thresh?: number;
  /** Memory only. */
  readonly rock_sand_water_chunk_size?: number;
  /** Of the records. */
  readonly output_mode: string;
}

interface GoldenRun {
  readonly name: string;
  readonly image: string;
  readonly args: Arguments;
  readonly count: number;
  readonly crop_boxes: readonly SamBox[];
  readonly nms: readonly {
    readonly n: number;
    readonly kept: readonly number[];
    readonly thresh: number;
    readonly min_distance_to_threshold: number | null;
  }[];
  readonly records: string;
}

interface GoldenRecord {
  readonly area: number;
  readonly bbox: CocoBox;
  readonly predicted_iou: number;
  readonly stability_score: number;
  readonly point_coords: readonly (readonly [number, number])[];
  readonly crop_box: CocoBox;
  readonly level?: number;
  readonly coco_string: string;
}

interface AmgCases extends Pick<GoldenCases, "config"> {
  readonly runs: readonly GoldenRun[];
  readonly crop_boxes: readonly {
    readonly size: readonly [number, number];
    readonly layers: number;
    readonly ratio: number;
    readonly boxes: readonly SamBox[];
    readonly layer_idx: readonly number[];
  }[];
  readonly point_grids: readonly {
    readonly n: number;
    readonly layers: number;
    readonly scale: number;
    readonly grids: readonly (readonly (readonly [number, number])[])[];
  }[];
  readonly edge_filter: readonly {
    readonly boxes: readonly SamBox[];
    readonly crop: SamBox;
    readonly orig: SamBox;
    readonly near: readonly boolean[];
  }[];
  readonly small_regions: readonly {
    readonly size: readonly [number, number];
    readonly area: number;
    readonly input: string;
    readonly after_holes: string;
    readonly changed_holes: boolean;
    readonly after_islands: string;
    readonly changed_islands: boolean;
  }[];
  readonly nms_exact_ties_cpu: readonly {
    readonly threshold: number;
    readonly boxes: readonly SamBox[];
    readonly kept: readonly number[];
  }[];
  readonly rock_sand_water: readonly {
    readonly levels: readonly (0 | 1 | 2)[];
    readonly thresh: number;
    readonly masks: readonly string[];
    readonly size: readonly [number, number];
    readonly order: readonly number[];
  }[];
}

/** Keys of ours for the published ones; those that change no mask are left out. */
function optionsOf(args: Arguments): ProposeWithSamOptions {
  const given = <K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } =>
    value === undefined ? {} : ({ [key]: value } as { [key in K]?: V });
  const levels = {
    ...given("predictedIouOffset", args.score_thresh_offset),
    ...given("rankOffset", args.score_nms_offset),
    ...given("stabilityOffset", args.stability_score_bias),
    ...given("maxCovered", args.rock_sand_water_thresh),
  };
  return {
    pointsPerSide: args.points_per_side,
    pointsPerBatch: args.points_per_batch,
    minPredictedIou: args.pred_iou_thresh,
    minStability: args.stability_score_thresh,
    ...given("stabilityOffset", args.stability_score_offset),
    maxBoxIou: args.box_nms_thresh,
    maxCropBoxIou: args.crop_nms_thresh,
    cropLayers: args.crop_n_layers,
    ...given("cropPointsDownscale", args.crop_n_points_downscale_factor),
    ...given("cropOverlapRatio", args.crop_overlap_ratio),
    ...given("minRegionArea", args.min_mask_region_area),
    levels,
  };
}

const folder = goldenFolder("sam-amg");
const runtime = folder === null ? null : await tryRuntime("golden sam-amg");

describe.skipIf(folder === null)("golden sam-amg", () => {
  const root = folder ?? "";
  const cases = folder === null ? ({} as AmgCases) : readJson<AmgCases>(root, "cases.json");
  const golden = folder === null ? ({} as ReturnType<typeof openGoldenTensors>) : openGoldenTensors(root);
  let compared = 0;
  let worst = 0;
  afterAll(() => {
    reportGolden("sam-amg", compared, worst);
    if (runtime !== null) expect(golden.unused()).toEqual([]);
  });

  const expectEqual = (got: unknown, wanted: unknown, name = ""): void => {
    expect(got, name).toEqual(wanted);
    compared++;
  };

  it("has the point grids", () => {
    for (const { n, layers, scale, grids } of cases.point_grids)
      expectEqual(
        layerGrids(n, layers, scale).map((grid) => grid.map(({ x, y }) => [x, y])),
        grids,
      );
  });

  it("has the crops", () => {
    for (const { size, layers, ratio, boxes, layer_idx } of cases.crop_boxes) {
      const crops = cropsOf({ height: size[0], width: size[1] }, layers, ratio);
      // Of a very small picture the published ones are empty or worse, and ours not there.
      const isThere = boxes.map(([x0, y0, x1, y1]) => x0 < x1 && y0 < y1);
      expectEqual(
        crops.map(({ box }) => corners(box)),
        boxes.filter((_, k) => isThere[k]),
      );
      expectEqual(
        crops.map(({ layer }) => layer),
        layer_idx.filter((_, k) => isThere[k]),
      );
    }
  });

  it("leaves out what crops cut", () => {
    for (const { boxes, crop, orig, near } of cases.edge_filter) {
      const [x0, y0, x1, y1] = crop;
      const isNear = boxes.map(([a, b, c, d]) =>
        isCutByCrop(
          [a + x0, b + y0, c + x0, d + y0],
          { x0, y0, x1, y1 },
          { height: orig[3], width: orig[2] },
        ),
      );
      expectEqual(isNear, near);
    }
  });

  it("cleans up small regions", () => {
    for (const each of cases.small_regions) {
      const size = { height: each.size[0], width: each.size[1] };
      const input = decodeRleString(each.input, size);
      const filled = fillHoles(input, each.area);
      expectEqual([encodeRleString(filled), filled !== input], [each.after_holes, each.changed_holes]);
      const clean = removeIslands(filled, each.area);
      expectEqual([encodeRleString(clean), clean !== filled], [each.after_islands, each.changed_islands]);
    }
  });

  it("suppresses boxes, ties and degenerate ones among them", () => {
    for (const { threshold, boxes, kept } of cases.nms_exact_ties_cpu) {
      const scores = boxes.map((_, k) => -k);
      const found = suppressOverlaps(boxes, scores, threshold).sort((a, b) => a - b);
      expectEqual(found, kept, `${threshold}`);
    }
    const boxes = rowsOf(golden.get("nms.boxes")) as unknown as SamBox[];
    const scores = golden.get("nms.scores").data as Float32Array;
    const names = golden.names.filter((name) => name.startsWith("nms.keep_"));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const kept = suppressOverlaps(boxes, scores, Number(name.slice("nms.keep_".length)));
      expectEqual(kept, Array.from(golden.get(name).data as BigInt64Array, Number), name);
    }
  });

  it("suppresses the published candidates as published", () => {
    const images = [...new Set(cases.runs.map(({ image }) => image))];
    for (const { name, image, args, nms } of cases.runs) {
      // The candidates have the stability of the default offset.
      if (args.stability_score_offset !== undefined) continue;
      const raw = (key: string): NdArray => golden.get(`raw.${images.indexOf(image)}.${key}`);
      const [ious, stabilities] = [
        raw("iou_preds").data as Float32Array,
        raw("stability").data as Float32Array,
      ];
      const boxes = rowsOf(raw("boxes")) as unknown as SamBox[];
      // Nor are they those of another grid of points.
      if (boxes.length !== 3 * args.points_per_side ** 2) continue;
      const offset = (offsets: PerLevel | undefined, k: number): number => Math.fround(offsets?.[k % 3] ?? 0);
      const passed = boxes.flatMap((_, k) => {
        const iou = Math.fround(ious[k] + offset(args.score_thresh_offset, k));
        const stability = Math.fround(stabilities[k] + offset(args.stability_score_bias, k));
        // At 0 nothing is asked, so that even a stability of 0 / 0 passes.
        const isGood = args.pred_iou_thresh <= 0 || iou > Math.fround(args.pred_iou_thresh);
        const isStable =
          args.stability_score_thresh <= 0 || stability >= Math.fround(args.stability_score_thresh);
        return isGood && isStable ? [k] : [];
      });
      expectEqual(passed.length, nms[0].n, name);
      const ranks = passed.map((k) => Math.fround(ious[k] + offset(args.score_nms_offset, k)));
      const kept = suppressOverlaps(
        passed.map((k) => boxes[k]),
        ranks,
        nms[0].thresh,
      );
      expectEqual(kept, nms[0].kept, name);
    }
  });

  it("measures stability", () => {
    const [count, height, width] = golden.get("stability.logits").shape;
    const names = golden.names.filter((name) => name.startsWith("stability.offset"));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const offset = Number(name.slice("stability.offset".length));
      const maps = golden.get("stability.logits").data as Float32Array;
      const found = Array.from({ length: count }, (_, k) =>
        stabilityOf(
          { data: maps.subarray((k * maps.length) / count, ((k + 1) * maps.length) / count) },
          offset,
        ),
      );
      expectEqual(found, [...(golden.get(name).data as Float32Array)], name);
    }
    for (const [k, wanted] of rowsOf(golden.get("stability.boxes")).entries()) {
      const data = (golden.get("stability.logits").data as Float32Array).subarray(k * height * width);
      const box = rleBox(
        encodeRle(thresholdLogits({ height, width, data: data.subarray(0, height * width) })),
      );
      expectEqual(box === null ? [0, 0, 0, 0] : boxToSam(box), wanted);
    }
  });

  it("keeps parts that no larger mask covers", () => {
    for (const { levels, thresh, masks, size, order } of cases.rock_sand_water) {
      const proposals = masks.map((text, k): Proposal => {
        const rle = decodeRleString(text, { height: size[0], width: size[1] });
        const [predictedIou, stability] = [k, 1];
        return { rle, area: rleArea(rle), box: rleBox(rle), predictedIou, stability, level: levels[k] };
      });
      expectEqual(
        keepUncoveredParts(proposals, thresh).map(({ predictedIou }) => predictedIou),
        order,
      );
    }
  });

  describe.skipIf(runtime === null)("generators", () => {
    const config = folder === null ? null : configOf(cases as unknown as GoldenCases);
    const sam =
      config === null || runtime === null
        ? null
        : createSam(openWeightFile(join(root, "weights.safetensors")), config, runtime);
    afterAll(() => sam?.dispose());

    it("finds all candidates when there is no threshold", async () => {
      if (sam === null) throw new Error("no model");
      const images = new Set(cases.runs.map((run) => run.image));
      for (const [k, name] of [...images].entries()) {
        const image = await readPhoto(join(root, name));
        const all = { minPredictedIou: 0, minStability: 0, maxBoxIou: Number.POSITIVE_INFINITY };
        const raw = (key: string): NdArray => golden.get(`raw.${k}.${key}`);
        const points = rowsOf(raw("points"));
        const pointsPerSide = Math.sqrt(points.length / 3);
        const found = await proposeWithSam(sam, image, { pointsPerSide, ...all });
        expectEqual(found.length, points.length);
        for (const { point, level = 0, predictedIou, stability, box } of found) {
          const at = points.findIndex(([x, y]) => x === point?.x && y === point?.y) + level;
          expect(Math.abs(predictedIou - (raw("iou_preds").data as Float32Array)[at])).toBeLessThan(1e-4);
          const wanted = (raw("stability").data as Float32Array)[at];
          if (Number.isNaN(wanted)) expect(stability).toBeNaN();
          else expect(Math.abs(stability - wanted)).toBeLessThan(5e-3);
          const wantedBox = rowsOf(raw("boxes"))[at];
          const got = box === null ? [0, 0, 0, 0] : boxToSam(box);
          expect(Math.max(...got.map((side, s) => Math.abs(side - wantedBox[s])))).toBeLessThanOrEqual(1);
          compared++;
        }
      }
    });

    for (const run of cases.runs ?? [])
      it(`finds what ${run.name} does in ${run.image}`, async () => {
        if (sam === null) throw new Error("no model");
        const image = await readPhoto(join(root, run.image));
        const found = await proposeWithSam(sam, image, optionsOf(run.args));
        const records = readJson<GoldenRecord[]>(root, run.records);
        expect(records.length).toBe(run.count);
        expectEqual(found.length, run.count);
        for (const [k, record] of records.entries()) {
          const { rle, area, box, predictedIou, stability, point, cropBox, level } = found[k];
          const name = `${run.name} ${k}`;
          const wanted = decodeRleString(record.coco_string, image);
          expect(rleIou(rle, wanted), name).toBeGreaterThan(0.99);
          expect(Math.abs(area / record.area - 1), name).toBeLessThan(0.005);
          expect(Math.abs(predictedIou - record.predicted_iou), name).toBeLessThan(1e-4);
          expect(Math.abs(stability - record.stability_score), name).toBeLessThan(5e-3);
          expect([[point?.x, point?.y]], name).toEqual(record.point_coords);
          const crop = boxFromCoco(record.crop_box);
          expect(cropBox, name).toEqual(isWholePicture(crop, image) ? undefined : crop);
          if (record.level !== undefined) expect(level, name).toBe(record.level);
          if (encodeRleString(rle) === record.coco_string) {
            const [x, y, width, height] = record.bbox;
            expect(box, name).toEqual(boxFromSam([x, y, x + width, y + height]));
          }
          worst = Math.max(worst, Math.abs(predictedIou / record.predicted_iou - 1));
          compared++;
        }
      });
  });
});

function corners({ x0, y0, x1, y1 }: Box): SamBox {
  return [x0, y0, x1, y1];
}

function rowsOf({ shape, data }: NdArray): number[][] {
  const [count, length] = shape;
  return Array.from({ length: count }, (_, k) =>
    Array.from((data as Float32Array | Int32Array).subarray(k * length, (k + 1) * length)),
  );
}
