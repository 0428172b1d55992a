import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Rle } from "../../core/rle.ts";
import { readLabelMap } from "../../data/label-file.ts";
import { readMaskRle } from "../../data/mask-file.ts";
import { goldenFolder, readJson } from "../../testing/folders.ts";
import { mergeProposals, type Variant } from "./merge.ts";

/** One image of a set: what the published code made of it, per variant. */
interface Case {
  readonly size: readonly [height: number, width: number];
  readonly expected: Readonly<
    Record<Variant, { readonly sha256_raw: string; readonly pixels_changed_from_label: number }>
  >;
}

describe.each(["sepl", "sepl-synth"])("golden %s", (set) => {
  const folder = goldenFolder(set);

  it.skipIf(folder === null)("label maps are those of the published code, bit for bit", () => {
    const root = folder as string;
    const cases = Object.entries(readJson<Record<string, Case>>(root, "cases.json"));
    let compared = 0;
    for (const [name, { size, expected }] of cases) {
      const before = readLabelMap(join(labelFolder(root), `${name}.png`));
      expect([before.height, before.width], name).toEqual(size);
      const rles = publishedMasks(join(root, "SAM/masks", name));
      for (const [variant, { sha256_raw, pixels_changed_from_label }] of Object.entries(expected)) {
        const options = { variant: variant as Variant, compat: "original", classCount: 21 } as const;
        const { data } = mergeProposals(before, rles, options).labels;
        expect(createHash("sha256").update(data).digest("hex"), `${name} ${variant}`).toBe(sha256_raw);
        const published = readLabelMap(join(root, "expected", variant, `${name}.png`)).data;
        expect(Buffer.compare(data, published), `${name} ${variant}`).toBe(0);
        expect(data.filter((id, p) => id !== before.data[p]).length).toBe(pixels_changed_from_label);
        compared++;
      }
    }
    expect(compared).toBe(cases.reduce((sum, [, { expected }]) => sum + Object.keys(expected).length, 0));
    expect(compared).toBeGreaterThan(0);
    console.log(`golden ${set}: compared ${compared}, worst rel err 0`);
  });
});

/** The one folder of pseudo labels in a set. */
function labelFolder(root: string): string {
  const [name] = readdirSync(join(root, "pseudo_labels"));
  return join(root, "pseudo_labels", name);
}

/** The masks the published code sees: files ending in "png", and of these only pixels of exactly 255. */
function publishedMasks(folder: string): Rle[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter(
    (f) => f.isFile() && f.name.endsWith("png"),
  );
  return files.flatMap(({ name }) => {
    const { rle, encoding } = readMaskRle(join(folder, name));
    return encoding === "0/255" ? [rle] : [];
  });
}
