/**
 * Whether memory grows with the number of images: peak memory of `refine` over 100 to 10,000 images of
 * 80 masks (golden/sepl-bench, repeated), from proposals JSON.
 *
 *     npm run build && npx tsx bench/memory.ts
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureProgram } from "./lib/measure.ts";
import { writeSeplInput } from "./lib/sepl-input.ts";

const root = mkdtempSync(join(tmpdir(), "maskwright-memory-"));
try {
  const input = writeSeplInput(root, { repeat: 100, withMasks: false });
  if (input !== null) {
    console.log("| images | peak memory, MiB | seconds | images/s |\n| --- | --- | --- | --- |");
    for (const images of [100, 1_000, 4_000, 10_000]) {
      const out = join(root, `run-${images}`);
      const { seconds, peakMib } = await measureProgram(
        ...[
          "refine",
          input.labels,
          "--proposals",
          input.json,
          "--compat",
          "original",
          "-o",
          out,
          "--limit",
          String(images),
        ],
      );
      console.log(
        `| ${images} | ${peakMib.toFixed(0)} | ${seconds.toFixed(1)} | ${(images / seconds).toFixed(0)} |`,
      );
    }
    input.check(join(root, "run-10000/pseudo"));
  }
} finally {
  rmSync(root, { recursive: true });
}
