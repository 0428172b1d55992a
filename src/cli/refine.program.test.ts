import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import type { Mask } from "../core/mask.ts";
import type { Proposal } from "../core/proposal.ts";
import { encodeRle, rleArea, rleBox } from "../core/rle.ts";
import { encodeCam } from "../data/cam-file.ts";
import { encodeLabelMap, readLabelMap } from "../data/label-file.ts";
import { encodeMask } from "../data/mask-file.ts";
import { encodeProposals } from "../data/proposal-file.ts";
import { type CommandResult, linesOf, maskwright } from "../testing/command.ts";
import { drawLabels, labels, mask } from "../testing/picture.ts";
import { makePng } from "../testing/png.ts";
import { labelPng, temporaryFolder, writeTree } from "../testing/tree.ts";

// The worked example of the SEPL notes: a pseudo label and three masks.
const pseudo = "111000 112200 002233";
const masks = ["###... ###... ......", "...... .##### .#####", "...... ...... ....#."].map(mask);
const published = "111000 122222 022233";
const fromPaper = "111000 122222 022232";

type Files = Readonly<Record<string, string | Uint8Array>>;

function proposalsJson(id: string, found: readonly Mask[]): string {
  const { height, width } = found[0];
  const proposals = found.map((picture): Proposal => {
    const rle = encodeRle(picture);
    return { rle, area: rleArea(rle), box: rleBox(rle), predictedIou: 0.9, stability: 0.9 };
  });
  return encodeProposals({ id, height, width, proposals });
}

/** An .npz with the array "masks", bool [N, H, W]. */
function proposalsNpz(found: readonly Mask[]): Uint8Array {
  const { height, width } = found[0];
  const header = `{'descr': '|b1', 'fortran_order': False, 'shape': (${found.length}, ${height}, ${width}), }`;
  const start = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${header}\n`, "latin1");
  start.writeUInt16LE(header.length + 1, 8);
  return zipSync({ "masks.npy": Buffer.concat([start, ...found.map(({ data }) => data)]) });
}

const jsonProposals: Files = { "proposals/a.json": proposalsJson("a", masks) };

function folderOf(files: Files): string {
  const folder = temporaryFolder();
  writeTree(folder, { "labels/a.png": labelPng(pseudo), ...files });
  return folder;
}

function refine(folder: string, ...args: string[]): Promise<CommandResult> {
  return maskwright(
    folder,
    "refine",
    "labels",
    "--proposals",
    "proposals",
    "-o",
    "out",
    "--workers",
    "1",
    ...args,
  );
}

function refined(folder: string, id = "a"): string {
  return drawLabels(readLabelMap(join(folder, "out/pseudo", `${id}.png`)));
}

describe("refine", () => {
  it.each<[string, Files]>([
    ["JSON files", jsonProposals],
    [
      "folders of mask PNGs",
      Object.fromEntries(masks.map((m, k) => [`proposals/a/${k}.png`, encodeMask(m)])),
    ],
    ["npz files", { "proposals/a.npz": proposalsNpz(masks) }],
  ])("gives the worked example from %s", async (_, files) => {
    const folder = folderOf(files);
    const { code, stderr } = await refine(folder);
    expect({ code, stderr: linesOf(stderr).filter((line) => !line.startsWith("pseudo ")) }).toEqual({
      code: 0,
      stderr: [],
    });
    expect(refined(folder)).toBe(fromPaper);
  });

  it.each([
    ["max_iou", "original", "111000 111000 000030"],
    ["max_iou_imp", "original", "111000 111000 000030"],
    ["max_iou_imp2", "original", published],
    ["max_iou_imp2", "paper", fromPaper],
  ])("gives the worked example by %s, --compat %s", async (variant, compat, expected) => {
    const folder = folderOf(jsonProposals);
    await refine(folder, "--variant", variant, "--compat", compat);
    expect(refined(folder)).toBe(expected);
  });

  it("reports what it did, and keeps report.json the same as what --json prints", async () => {
    const folder = folderOf(jsonProposals);
    const { stdout } = await refine(folder, "--json");
    const report = JSON.parse(stdout);
    expect(report).toEqual(JSON.parse(readFileSync(join(folder, "out/report.json"), "utf8")));
    expect(report).toMatchObject({
      command: "refine",
      options: { variant: "max_iou_imp2", compat: null },
      images: 1,
      pixels: 18,
      changed: 5,
      proposals: 3,
      taken: 3,
      vanished: 0,
      ignoreLost: 0,
      scores: null,
      failures: [],
      perImage: [{ id: "a", changed: 5 / 18 }],
    });
  });

  it("scores before and after where there is truth, and writes a page", async () => {
    const folder = folderOf({ ...jsonProposals, "truth/a.png": labelPng(fromPaper) });
    const { stdout } = await refine(folder, "--truth", "truth");
    expect(stdout).toMatch(/mIoU\s+[\d.]+\s+100\.00/);
    expect(readFileSync(join(folder, "out/report.html"), "utf8")).toContain("<html");
  });

  it("turns CAMs into labels by a threshold or a power", async () => {
    const cam = encodeCam({
      kind: "cam",
      classes: [3],
      height: 1,
      width: 4,
      data: Float32Array.of(0, 0.4, 0.6, 1),
    });
    const folder = temporaryFolder();
    writeTree(folder, {
      "labels/a.safetensors": cam,
      "proposals/a.json": proposalsJson("a", [mask("....")]),
    });
    const draw = async (name: string, ...args: string[]): Promise<string> => {
      await maskwright(folder, "refine", "labels", "--proposals", "proposals", "-o", name, ...args);
      return drawLabels(readLabelMap(join(folder, name, "pseudo/a.png")));
    };
    expect(await draw("default")).toBe("0333"); // above 0.3
    expect(await draw("half", "--background-threshold", "0.5")).toBe("0033");
    expect(await draw("power", "--background-power", "2")).toBe("0333"); // 0.6² < 0.4
    expect(await draw("steep", "--background-power", "0.5")).toBe("0003"); // √0.6 > 0.4, √0.4 > 0.6
  });

  it("says how many ignore pixels it lost, and keeps them when asked to", async () => {
    const files = { ...jsonProposals, "labels/a.png": labelPng("x11000 112200 0x2233") };
    const lost = folderOf(files);
    expect((await refine(lost)).stderr).toMatch(
      /^warning: 2 ignore pixels \(255\) became .*--keep-ignore keeps/m,
    );
    const kept = folderOf({
      ...files,
      "labels/a.png": labelPng("000000 000000 00000x"),
      "proposals/a.json": proposalsJson("a", [masks[0]]),
    });
    const { stderr } = await refine(kept, "--keep-ignore");
    expect(stderr).not.toContain("warning");
    expect(refined(kept)).toBe("000000 000000 00000x");
  });

  it("warns once about 1-bit masks, which only the published code takes for empty", async () => {
    const bits = Object.fromEntries(
      masks.map(({ height, width, data }, k) => [
        `proposals/a/${k}.png`,
        makePng({ height, width, bitDepth: 1, samples: data }),
      ]),
    );
    const folder = folderOf(bits);
    const { code, stderr } = await refine(folder);
    expect(code).toBe(0);
    expect(linesOf(stderr).filter((line) => line.startsWith("warning: "))).toEqual([
      expect.stringMatching(/proposals\/a\/0\.png: 3 masks are 1-bit/),
    ]);
    expect(refined(folder)).toBe(fromPaper);

    const asPublished = folderOf(bits);
    expect((await refine(asPublished, "--compat", "original")).stderr).toContain("are 1-bit");
    expect(refined(asPublished)).toBe(pseudo);
  });

  it("refuses an id that is no class of the list, and leaves the published code its silence", async () => {
    const strange = { height: 1, width: 3, data: Uint8Array.of(0, 37, 255) };
    const files = {
      "labels/a.png": encodeLabelMap(strange),
      "proposals/a.json": proposalsJson("a", [mask("###")]),
    };
    const folder = folderOf(files);
    const { code, stderr } = await refine(folder, "--classes", "voc");
    expect(code).toBe(2);
    expect(linesOf(stderr)).toEqual([
      "error: labels/a.png: expected class ids below 21 (or 255, ignore), got 37",
      expect.stringMatching(/^hint: .*--classes FILE/),
    ]);
    expect(existsSync(join(folder, "out/pseudo/a.png"))).toBe(false);

    const asPublished = folderOf(files);
    await refine(asPublished, "--classes", "voc", "--compat", "original");
    expect(refined(asPublished)).toBe("000");
  });

  it("takes any id up to 254 when no class list is given", async () => {
    const folder = folderOf({
      "labels/a.png": encodeLabelMap({ height: 1, width: 3, data: Uint8Array.of(0, 254, 255) }),
      "proposals/a.json": proposalsJson("a", [mask("##.")]),
    });
    expect((await refine(folder)).code).toBe(0);
    expect(readLabelMap(join(folder, "out/pseudo/a.png")).data).toEqual(Uint8Array.of(254, 254, 0));
  });

  it.each([
    ["neither --proposals nor --images", [], "got neither"],
    ["both", ["--proposals", "proposals", "--images", "labels"], "got both"],
  ])("refuses %s", async (_, args, got) => {
    const folder = folderOf(jsonProposals);
    const { code, stderr } = await maskwright(folder, "refine", "labels", "-o", "out", ...args);
    expect({ code, lines: linesOf(stderr) }).toEqual({
      code: 2,
      lines: [`error: refine: expected either --proposals DIR or --images DIR, ${got}`],
    });
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  it.each([
    [
      ["--proposals", "proposals", "--model", "mobile-sam"],
      "--model: expected --images DIR to propose masks for",
    ],
    [["--images", "labels", "--precision", "int8"], "--precision: expected a model, got --model regions"],
  ])("refuses an option that nothing would read: %j", async (args, message) => {
    const folder = folderOf(jsonProposals);
    const { code, stderr } = await maskwright(folder, "refine", "labels", "-o", "out", ...args);
    expect({ code, line: linesOf(stderr)[0] }).toEqual({ code: 2, line: expect.stringContaining(message) });
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  it("names the labels that no photo belongs to", async () => {
    const folder = folderOf({ "photos/b.png": encodeMask(masks[0]) });
    const { code, stderr } = await maskwright(folder, "refine", "labels", "--images", "photos", "-o", "out");
    expect(code).toBe(2);
    expect(linesOf(stderr)[0]).toBe(
      "error: photos: expected a photo for each of the 1 labels, got none for 1 (a)",
    );
  });

  it("refines the example of the npz a second time under a name with spaces and umlauts", async () => {
    const folder = temporaryFolder();
    writeTree(folder, {
      "labels/süd ost/bild 1.PNG": encodeLabelMap(labels(pseudo)),
      "proposals/süd ost/bild 1.npz": proposalsNpz(masks),
    });
    expect((await refine(folder)).code).toBe(0);
    expect(refined(folder, "süd ost/bild 1")).toBe(fromPaper);
  });
});
