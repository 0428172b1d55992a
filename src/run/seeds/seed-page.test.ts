import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LabelMap } from "../../core/label-map.ts";
import { encodeCam } from "../../data/cam-file.ts";
import { encodeLabelMap } from "../../data/label-file.ts";
import { encodeProposals } from "../../data/proposal-file.ts";
import { labels } from "../../testing/picture.ts";
import { makePng } from "../../testing/png.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import type { WorkContext } from "../stage.ts";
import { drawSeedPanels, type SeedPanelsTask } from "../tasks/seed-panels.ts";
import type { MadeRound } from "./make-seeds.ts";
import { type SeedPage, writeSeedPage } from "./seed-page.ts";

const size = { height: 2, width: 3 };
const hostile = `<img src=x onerror="alert('1')">`;

/** A photo "a", its masks, and what rounds of these prefixes made of it. */
function writeRun(prefixes: readonly string[], { isRefined = false } = {}) {
  const out = temporaryFolder();
  const png = (map: LabelMap): Uint8Array => encodeLabelMap(map);
  const cam = encodeCam({ kind: "cam", classes: [1], height: 1, width: 1, data: Float32Array.of(1) }, size);
  const files = prefixes.flatMap((prefix) => [
    [`${prefix}cams/a.safetensors`, cam],
    ...(isRefined ? [[`${prefix}refined/a.safetensors`, cam]] : []),
    [`${prefix}seeds/a.png`, png(labels("011 000"))],
  ]);
  writeTree(out, {
    "photos/a.png": makePng({ ...size, colorType: 2, samples: new Uint8Array(18) }),
    "truth/a.png": png(labels("010 000")),
    "masks/a.json": encodeProposals({ id: "a", ...size, proposals: [] }),
    ...Object.fromEntries(files),
  });
  const rounds = prefixes.map(
    (prefix, k): MadeRound => ({
      prefix,
      label: prefix.replace("/", " "),
      recipe: { affinity: null, power: k + 1 },
      isRefined,
      cams: (id) => ({
        path: join(out, `${prefix}cams`, `${id}.safetensors`),
        ...{ keyBase: 0, classes: null, classCount: null },
      }),
      finished: {
        ids: ["a"],
        *[Symbol.iterator]() {
          yield { id: "a", key: "", result: { pixels: 6, labeled: 2, masks: 0, classes: [[1, 2]] } };
        },
      },
      failures: [],
    }),
  );
  return { out, rounds };
}

/** The page of such a run. */
async function pageOf(prefixes: readonly string[], options: { isRefined?: boolean; crf?: boolean } = {}) {
  const { out, rounds } = writeRun(prefixes, options);
  const page = {
    request: {
      ...{ out, crf: options.crf ?? false, commandLine: "maskwright seed", tags: { path: "tags.csv" } },
      classes: { name: "own", classes: ["background", hostile, "dog"] },
      cams: { kind: "learned" },
    },
    report: {
      ...{ images: 1, failures: [], pixels: 6, labeled: 2, masks: 0, lost: 0, options: {}, fingerprint: "f" },
      ...{ scored: 0, stages: [], perImage: [{ id: "a", labeled: 1 / 3, before: null, after: null }] },
    },
    tagged: { photos: new Map([["a", join(out, "photos/a.png")]]), tags: new Map([["a", [1]]]) },
    made: { rounds, trainings: [], proposals: join(out, "masks") },
    truths: { files: new Map([["a", join(out, "truth/a.png")]]) },
  } as unknown as SeedPage;
  const run = (_: string, task: SeedPanelsTask) => drawSeedPanels(task);
  const path = join(out, "report.html");
  await writeSeedPage(path, page, { pool: { run } } as unknown as WorkContext);
  const text = readFileSync(path, "utf8");
  const captions = [...text.matchAll(/<figure( class="row")?>.*?<figcaption>(.*?)<\/figcaption>/g)];
  return {
    text,
    captions: captions.map(([, row, caption]) => (row === undefined ? caption : `↵${caption}`)),
  };
}

describe("writeSeedPage", () => {
  it("shows heat maps, masks and the seed of the only round in a row", async () => {
    const { text, captions } = await pageOf([""]);
    expect(captions).toEqual(["image", "CAM", "masks", "seed", "truth"]);
    expect(text).not.toContain("coarse");
  });

  it("shows coarse heat maps and the coarse seed above the fine ones", async () => {
    expect((await pageOf(["coarse/", ""])).captions).toEqual([
      ...["image", "coarse CAM", "coarse seed", "truth"],
      ...["↵masks", "CAM", "seed"],
    ]);
    expect((await pageOf(["coarse/", ""], { isRefined: true })).captions).toEqual([
      ...["image", "coarse CAM", "coarse affinity", "coarse seed", "truth"],
      ...["↵masks", "CAM", "affinity", "seed"],
    ]);
  });

  it("has a row of thresholds for each class, whatever it is called", async () => {
    const { text } = await pageOf(["coarse/", ""]);
    const rows = [...text.matchAll(/<tr><th scope="row">.*?<\/span>(.*?)<\/th>(.*?)<\/tr>/g)];
    expect(
      rows.map(([, name, cells]) => [
        name,
        cells
          .replace(/<\/?td>/g, " ")
          .trim()
          .split(/\s+/),
      ]),
    ).toEqual([
      [
        "&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;",
        ["1", "0.500", "1", "33.33", "0.382", "1", "33.33"],
      ],
      ["dog", ["0", "0.500", "0", "0.00", "0.382", "0", "0.00"]],
    ]);
    expect(text).not.toContain("<img src=x");
    expect(text).not.toContain("CRF");
    expect((await pageOf([""], { crf: true })).text).toContain("before the dense CRF");
  });
});
