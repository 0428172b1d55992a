import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { goldenFolder, readJson } from "../testing/folders.ts";
import { relativeError, reportGolden } from "../testing/golden.ts";
import type { NdArray } from "./array.ts";
import { connectedComponents } from "./components.ts";
import { type Box, boxFromCoco, boxIou, boxToCoco, type CocoBox, type Size } from "./geometry.ts";
import { boxIous, rleIous } from "./iou.ts";
import { boxToRle, maskToPolygons, polygonsToRle, polygonToRle } from "./polygon.ts";
import { decodeRle, encodeRle, type Rle, rleArea, rleBox, validateRle } from "./rle.ts";
import { intersectRles, unionRles } from "./rle-algebra.ts";
import { decodeRleString, encodeRleString } from "./rle-string.ts";
import { readSafetensors } from "./safetensors.ts";

type CocoSize = readonly [height: number, width: number];

interface CocoRle {
  readonly size: CocoSize;
  readonly counts: string;
}

interface Ious<T> {
  readonly dt: readonly T[];
  readonly gt: readonly T[];
  readonly iscrowd: readonly number[];
  readonly iou: readonly (readonly number[])[];
}

interface Golden {
  readonly encode: readonly {
    readonly size: CocoSize;
    readonly counts: readonly number[];
    readonly string: string;
    readonly area: number;
    readonly bbox: CocoBox;
    readonly sha256_row_major_bytes: string;
  }[];
  readonly iou: Ious<CocoRle> & { readonly iou_no_crowd: readonly (readonly number[])[] };
  readonly bbox_iou: Ious<CocoBox>;
  readonly merge: readonly {
    readonly inputs: readonly number[];
    readonly intersect: boolean;
    readonly result: CocoRle;
  }[];
  readonly polygons: readonly {
    readonly size: CocoSize;
    readonly polygons: readonly (readonly number[])[];
    readonly parts: readonly string[];
    readonly merged: string;
    readonly area: number;
    readonly bbox: CocoBox;
  }[];
  readonly boxes_to_rle: readonly {
    readonly size: CocoSize;
    readonly bbox: CocoBox;
    readonly rle: CocoRle;
  }[];
}

const folder = goldenFolder("coco-rle");

describe.skipIf(folder === null)("golden coco-rle", () => {
  it("encodes, merges, compares and draws as pycocotools", () => {
    const golden = readJson<Golden>(folder as string, "rle.json");
    expect(Object.keys(golden).sort()).toEqual([
      "bbox_iou",
      "boxes_to_rle",
      "encode",
      "iou",
      "merge",
      "polygons",
    ]);

    for (const one of golden.encode) {
      const rle = decodeRleString(one.string, sizeOf(one.size));
      expect([...rle.counts]).toEqual(one.counts);
      expect(validateRle({ ...sizeOf(one.size), counts: one.counts })).toEqual(rle);
      expect(encodeRleString(rle)).toBe(one.string);
      expect(rleArea(rle)).toBe(one.area);
      expect(cocoBoxOf(rleBox(rle))).toEqual(one.bbox);
      const decoded = decodeRle(rle);
      expect(createHash("sha256").update(decoded.data).digest("hex")).toBe(one.sha256_row_major_bytes);
      expect(encodeRle(decoded)).toEqual(rle);
      expect(polygonsToRle(maskToPolygons(decoded), decoded)).toEqual(rle);
    }

    const detections = golden.iou.dt.map(rleOf);
    const truths = golden.iou.gt.map(rleOf);
    const isCrowd = golden.iou.iscrowd;
    const { dt, gt, iscrowd, iou } = golden.bbox_iou;
    const worst = Math.max(
      relativeError(rleIous(detections, truths, { isCrowd }), golden.iou.iou.flat()),
      relativeError(rleIous(detections, truths), golden.iou.iou_no_crowd.flat()),
      relativeError(boxIous(dt.map(boxFromCoco), gt.map(boxFromCoco), { isCrowd: iscrowd }), iou.flat()),
    );
    expect(worst).toBeLessThanOrEqual(1e-12);

    for (const { inputs, intersect, result } of golden.merge) {
      const rles = inputs.map((index) => detections[index]);
      expect(encodeRleString(intersect ? intersectRles(rles) : unionRles(rles))).toBe(result.counts);
    }

    for (const { size, polygons, parts, merged, area, bbox } of golden.polygons) {
      expect(polygons.map((points) => encodeRleString(polygonToRle(points, sizeOf(size))))).toEqual(parts);
      const union = polygonsToRle(polygons, sizeOf(size));
      expect(encodeRleString(union)).toBe(merged);
      expect(rleArea(union)).toBe(area);
      expect(cocoBoxOf(rleBox(union))).toEqual(bbox);
    }
    for (const { size, bbox, rle } of golden.boxes_to_rle)
      expect(boxToRle(boxFromCoco(bbox), sizeOf(size))).toEqual(rleOf(rle));

    const compared =
      golden.encode.length +
      golden.iou.iou.flat().length +
      golden.iou.iou_no_crowd.flat().length +
      golden.bbox_iou.iou.flat().length +
      golden.merge.length +
      golden.polygons.flatMap(({ parts }) => parts).length +
      golden.polygons.length +
      golden.boxes_to_rle.length;
    reportGolden("coco-rle", compared, worst);
  });

  it("labels components as OpenCV and compares boxes as torchvision", () => {
    const tensors = readSafetensors(readFileSync(join(folder as string, "tensors.safetensors")));
    const tensor = (name: string): NdArray => {
      const found = tensors.get(name);
      if (found === undefined) throw new Error(`${name} is missing`);
      return found;
    };

    const count = [...tensors.keys()].filter((name) => /^components\.\d+\.mask$/.test(name)).length;
    expect(count).toBeGreaterThan(0);
    for (let n = 0; n < count; n++) {
      const mask = tensor(`components.${n}.mask`);
      const found = connectedComponents({ ...sizeOf(mask.shape), data: mask.data as Uint8Array });
      expect(found.labels).toEqual(tensor(`components.${n}.labels`).data);
      // Row 0 is the background, which is not a component here.
      const stats = tensor(`components.${n}.stats_xywh_area`).data;
      const ours = found.components.flatMap(({ area, box }) => [...boxToCoco(box), area]);
      expect(ours).toEqual(Array.from(stats as Int32Array).slice(5));
      const centroids = tensor(`components.${n}.centroids`).data as Float64Array;
      const centers = found.components.flatMap(({ centroid: { x, y } }) => [x, y]);
      expect(relativeError(centers, centroids.slice(2))).toBeLessThanOrEqual(1e-12);
    }

    const corners = tensor("box_iou.boxes");
    const boxes = Array.from({ length: corners.shape[0] }, (_, k): Box => {
      const [x0, y0, x1, y1] = (corners.data as Float32Array).subarray(4 * k, 4 * k + 4);
      return { x0, y0, x1, y1 };
    });
    const matrix = tensor("box_iou.matrix").data as Float32Array;
    const worst = relativeError(
      boxes.flatMap((a) => boxes.map((b) => boxIou(a, b))),
      matrix,
    );
    expect(worst).toBeLessThanOrEqual(1e-6); // float32 there, float64 here
    expect(relativeError(boxIous(boxes, boxes), matrix)).toBe(worst);
    reportGolden("coco-rle components and box_iou", count + matrix.length, worst);
  });
});

function sizeOf([height, width]: readonly number[]): Size {
  return { height, width };
}

function rleOf({ size, counts }: CocoRle): Rle {
  return decodeRleString(counts, sizeOf(size));
}

/** pycocotools has four zeros for an empty mask. */
function cocoBoxOf(box: Box | null): CocoBox {
  return box === null ? [0, 0, 0, 0] : boxToCoco(box);
}
