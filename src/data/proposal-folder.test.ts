import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Proposal, ProposalSet } from "../core/proposal.ts";
import { decodeRle, encodeRle, rleArea, rleBox } from "../core/rle.ts";
import { goldenFolder } from "../testing/folders.ts";
import { reportGolden } from "../testing/golden.ts";
import { draw, mask } from "../testing/picture.ts";
import { listMaskFolder } from "./mask-folder.ts";
import { describeOddMasks } from "./odd-masks.ts";
import { decodePng } from "./png-decode.ts";
import { encodePng } from "./png-encode.ts";
import {
  type DecodedProposals,
  type DecodeProposalsOptions,
  decodeProposalFolder,
  encodeProposalFolder,
} from "./proposal-folder.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskwright-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes a drawing as a mask file with `set` where it has "#". */
function put(name: string, drawing: string, set = 255): void {
  const { height, width, data } = mask(drawing);
  writeFileSync(
    join(folder, name),
    encodePng(
      { height, width },
      data.map((value) => value * set),
      null,
    ),
  );
}

function read(options?: DecodeProposalsOptions, from = folder): DecodedProposals {
  const files = listMaskFolder(from).map((path) => ({ path, bytes: readFileSync(path) }));
  return decodeProposalFolder(files, "a", options);
}

const drawings = ({ set }: DecodedProposals): string[] =>
  set.proposals.map(({ rle }) => draw(decodeRle(rle)));

describe("decodeProposalFolder", () => {
  it("takes an empty folder as a picture of unknown size without proposals", () => {
    expect(read()).toEqual({ set: { id: "a", height: 0, width: 0, proposals: [] }, oddMasks: [] });
  });

  it("reads 0/255 masks without a warning, qualities unknown", () => {
    put("0.png", ".## ...");
    put("1.png", "... ...");
    const found = read();
    expect(drawings(found)).toEqual([".## ...", "... ..."]);
    expect(found.oddMasks).toEqual([]);
    const { area, box, predictedIou, stability } = found.set.proposals[0];
    expect({ area, box }).toEqual({ area: 2, box: { x0: 1, y0: 0, x1: 3, y1: 1 } });
    expect(predictedIou).toBeNaN();
    expect(stability).toBeNaN();
    expect(read({ published: true })).toEqual(found);
  });

  it("reads 0/1 masks with a warning; the published code sees none", () => {
    put("0.png", ".## ...");
    put("1.png", "#.. ...", 1);
    put("2.png", "##. ...", 1);
    const found = read();
    expect(drawings(found)).toEqual([".## ...", "#.. ...", "##. ..."]);
    const first = join(folder, "1.png");
    expect(found.oddMasks).toEqual([{ encoding: "0/1", count: 2, first }]);
    expect(found.oddMasks.map(describeOddMasks)).toEqual([
      `${first}: 2 masks are 0/1, this one first: the published SEPL code sees no mask in them`,
    ]);
    expect(drawings(read({ published: true }))).toEqual([".## ...", "... ...", "... ..."]);
  });

  it("refuses masks of two sizes and masks of mixed values, naming the file", () => {
    put("0.png", ".##");
    put("1.png", ".##", 7);
    expect(() => read()).toThrow(/1\.png.*: expected a mask of 0 and 255, or of 0 and 1, got 7$/);
    put("1.png", ".#");
    expect(() => read()).toThrow(/1\.png: expected 1×3 like 0\.png, got 1×2$/);
    writeFileSync(join(folder, "1.png"), readFileSync(join(folder, "0.png")).subarray(0, 40));
    expect(() => read()).toThrow(/1\.png/);
  });

  it("takes qualities, points and crops from metadata.csv by the name of the mask", () => {
    put("0.png", "#.");
    put("1.png", ".#");
    put("extra.png", "##");
    const lines = [
      "id,predicted_iou,stability_score,point_input_x,point_input_y,other",
      "1,0.5,nan,1.5,0.5,x",
      "0,1,0.25,,,",
    ];
    writeFileSync(join(folder, "metadata.csv"), `${lines.join("\r\n")}\r\n`);
    const [first, second, third] = read().set.proposals;
    expect(first).toMatchObject({ predictedIou: 1, stability: 0.25 });
    expect(first.point).toBeUndefined();
    expect(second).toMatchObject({ predictedIou: 0.5, stability: Number.NaN, point: { x: 1.5, y: 0.5 } });
    expect(third.predictedIou).toBeNaN();
    const crops = ["id,crop_box_x0,crop_box_y0,crop_box_w,crop_box_h", "0,0,0,2,1", "1,1,0,1,1"];
    writeFileSync(join(folder, "metadata.csv"), crops.join("\n"));
    const cropBoxes = read().set.proposals.map(({ cropBox }) => cropBox);
    expect(cropBoxes).toEqual([undefined, { x0: 1, y0: 0, x1: 2, y1: 1 }, undefined]);
    writeFileSync(join(folder, "metadata.csv"), lines.join("\n"));
    expect(read({ published: true }).set.proposals[0].predictedIou).toBeNaN();
  });

  it.each([
    ["no id column", "name,area\n", /metadata\.csv:1: expected a header line id,area,.*, got "name,area"$/],
    ["an empty file", "", /metadata\.csv:1: expected a header line/],
    ["a short line", "id,area\n0,1\n1\n", /metadata\.csv:3: expected 2 fields, got 1$/],
    [
      "a word",
      "id,predicted_iou\n0,high\n",
      /metadata\.csv:2: predicted_iou: expected a number, got "high"$/,
    ],
  ])("refuses metadata.csv with %s", (_, text, message) => {
    put("0.png", "#.");
    writeFileSync(join(folder, "metadata.csv"), text);
    expect(() => read()).toThrow(message);
  });

  it("returns what encodeProposalFolder wrote, but for levels (property)", () => {
    const anyMask = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
      .chain(([height, width]) =>
        fc
          .array(fc.array(fc.boolean(), { minLength: height * width, maxLength: height * width }), {
            maxLength: 12,
          })
          .map((masks) =>
            masks.map((bits) => encodeRle({ height, width, data: Uint8Array.from(bits, Number) })),
          ),
      );
    const quality = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(Number.NaN));
    fc.assert(
      fc.property(
        anyMask,
        quality,
        fc.option(fc.double({ min: 0, max: 99, noNaN: true })),
        (rles, predictedIou, x) => {
          const point = x === null ? {} : { point: { x, y: 0.5 } };
          const proposals = rles.map(
            (rle): Proposal => ({
              rle,
              area: rleArea(rle),
              box: rleBox(rle),
              predictedIou,
              stability: 0.5,
              ...point,
            }),
          );
          const { height, width } = rles[0] ?? { height: 0, width: 0 };
          const set: ProposalSet = { id: "a", height, width, proposals };
          const written = [...encodeProposalFolder(set)].map(([path, bytes]) => ({ path, bytes }));
          expect(decodeProposalFolder(written, "a")).toEqual({ set, oddMasks: [] });
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe.each(["sepl", "sepl-synth"])("golden %s", (set) => {
  const root = goldenFolder(set);
  it.skipIf(root === null)("every mask has the set pixels of its file", () => {
    const masks = join(root as string, "SAM/masks");
    let compared = 0;
    for (const id of readdirSync(masks)) {
      const paths = listMaskFolder(join(masks, id)).filter((path) => path.endsWith("png"));
      const { set: found } = read({}, join(masks, id));
      expect(found.proposals.length).toBe(paths.length);
      for (const [k, path] of paths.entries()) {
        const pixels = decodePng(readFileSync(path), path).data.map((value) => (value === 0 ? 0 : 1));
        expect(Buffer.compare(decodeRle(found.proposals[k].rle).data, Uint8Array.from(pixels))).toBe(0);
        compared++;
      }
    }
    reportGolden(set, compared, 0);
  });
});
