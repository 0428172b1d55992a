import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { goldenFolder, readJson } from "../testing/folders.ts";
import { reportGolden } from "../testing/golden.ts";
import { labels } from "../testing/picture.ts";
import type { LabelMap } from "./label-map.ts";
import { originalCsv, roundHalfEven, runningScores } from "./running-metric.ts";

const truth = labels("111000 1122x0 002233");
const pred = labels("110040 111220 002203");

describe("runningScores", () => {
  it("gives the worked figures of specs/sepl.md section 6.1", () => {
    const { iou, running } = runningScores(pred, truth);
    expect(running.map(({ classId }) => classId)).toEqual([1, 2, 3]);
    expect(running.map((value) => roundHalfEven(value.iou, 4))).toEqual([0.6667, 0.7, 0.6667]);
    expect(roundHalfEven(iou, 3)).toBe(0.678);
  });

  it("pools the classes so far: the order of ids matters", () => {
    // Class 1 is right, class 2 is missed: 1, then 2/4 of both; with the ids exchanged 0, then 2/4.
    expect(runningScores(labels("110 000"), labels("110 220")).iou).toBeCloseTo((1 + 2 / 4) / 2, 9);
    expect(runningScores(labels("220 000"), labels("220 110")).iou).toBeCloseTo((0 + 2 / 4) / 2, 9);
  });

  it("charges nothing for a class the truth lacks, and does not score background", () => {
    expect(runningScores(labels("133 333"), labels("100 000")).iou).toBeCloseTo(1, 9);
  });

  it("counts ignored truth nowhere and an ignored prediction as a miss", () => {
    const { iou, precision, recall } = runningScores(labels("11x 0x1"), labels("111 xx0"));
    expect([iou, precision, recall].map((value) => roundHalfEven(value, 6))).toEqual([
      0.5, 0.666667, 0.666667,
    ]);
  });

  it("ends at class 20", () => {
    expect(runningScores(labels("kl"), labels("kl")).running.map(({ classId }) => classId)).toEqual([20]);
  });

  it("is NaN without foreground", () => {
    expect(runningScores(labels("012"), labels("00x"))).toEqual({
      iou: Number.NaN,
      precision: Number.NaN,
      recall: Number.NaN,
      running: [],
    });
  });

  it("adds as NumPy does when a picture has eight classes or more", () => {
    const { iou } = runningScores(labels("153478780a2 287a9846875"), labels("123456789ab 08759846875"));
    expect(iou).toBe(0.5430586644360749); // adding from left to right gives …750
  });

  it("refuses maps of different sizes", () => {
    expect(() => runningScores(labels("01 01"), labels("0101"))).toThrow("like the truth, got 2×2");
  });
});

describe("roundHalfEven", () => {
  it.each([
    [0.0005, 0],
    [0.0015, 0.002],
    [0.0025, 0.002],
    [-0.0015, -0.002],
    [-0.0025, -0.002],
    [0.12349999, 0.123],
    [1, 1],
    [Number.NaN, Number.NaN],
  ])("rounds %d to %d", (value, rounded) => {
    expect(roundHalfEven(value, 3)).toBe(rounded);
  });
});

describe("originalCsv", () => {
  const header =
    "name,pseudo_mIoU,pseudo_mprecision,pseudo_mrecall,after_sam_mIoU,after_sam_mprecision,after_sam_mrecall,mIoU_delta,mprecision_delta,mrecall_delta\r\n";

  it("spells numbers as Python does and ends lines with CRLF", () => {
    const pseudo = { iou: 0.2821, precision: 0.0004, recall: 1, running: [] };
    const afterSam = { iou: 0.3349, precision: 0, recall: 0.5, running: [] };
    expect(originalCsv([{ name: "a", pseudo, afterSam }])).toBe(
      `${header}a,0.282,0.0,1.0,0.335,0.0,0.5,0.05300000000000005,0.0,-0.5\r\n`,
    );
  });

  it("writes nan without foreground and quotes a name that needs it", () => {
    const none = runningScores(labels("0"), labels("0"));
    expect(originalCsv([{ name: 'say "a", b', pseudo: none, afterSam: none }])).toBe(
      `${header}"say ""a"", b",nan,nan,nan,nan,nan,nan,nan,nan,nan\r\n`,
    );
  });

  it("makes no file of no rows", () => {
    expect(originalCsv([])).toBe("");
  });
});

describe.each(["sepl", "sepl-synth"])("golden %s", (set) => {
  const folder = goldenFolder(set);

  it.skipIf(folder === null)("gives every row of the published CSV files", () => {
    const names = Object.keys(readJson<Record<string, unknown>>(folder as string, "cases.json"));
    const read = (...path: string[]) => readLabels(join(folder as string, ...path));
    let compared = 0;
    for (const method of ["max_iou", "max_iou_imp", "max_iou_imp2"]) {
      const csv = readFileSync(join(folder as string, "expected", `eval_${method}.csv`), "utf8");
      const [header, ...lines] = csv.split(/(?<=\r\n)/);
      expect(lines.length).toBe(names.length);
      for (const name of names) {
        const reference = read("gt", `${name}.png`);
        const pseudo = runningScores(read("pseudo_labels", "lab", `${name}.png`), reference);
        const afterSam = runningScores(read("expected", method, `${name}.png`), reference);
        const line = lines.find((row) => row.startsWith(`${name},`));
        expect(originalCsv([{ name, pseudo, afterSam }])).toBe(`${header}${line}`);
        compared += 9;
      }
    }
    reportGolden(`${set} CSV figures`, compared, 0);
  });
});

/** Raw indices of an 8-bit gray or palette PNG. */
function readLabels(path: string): LabelMap {
  const { height, width, data, depth, channels } = decode(readFileSync(path));
  if (depth !== 8 || channels !== 1) throw new Error(`${path}: not an 8-bit label map`);
  return { height, width, data: Uint8Array.from(data) };
}
