import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { encodeCam } from "../../data/cam-file.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { openCams } from "./cam-origin.ts";

const cam = encodeCam({ kind: "cam", classes: [1], height: 1, width: 1, data: Float32Array.of(1) });

/** A run of some command, whose CAMs are in the folder `made`. */
function runOf(made: string, options: Readonly<Record<string, unknown>>): string {
  const folder = temporaryFolder();
  writeTree(folder, {
    [`${made}/a.safetensors`]: Buffer.from(cam),
    "run.json": JSON.stringify({ command: "x", options, inputs: {}, versions: {} }),
  });
  return folder;
}

it("knows from a run what made its CAMs and which seeds they are for", () => {
  const [alone, contexts, learned] = [
    openCams(runOf("cams", { source: "clip" }), 0),
    openCams(runOf("refined", { source: "contexts", round: "fine" }), 0),
    openCams(runOf("cams", { source: "learned" }), 0),
  ];
  expect(alone).toMatchObject({ source: "clip", round: "coarse", isRefined: false, attention: null });
  expect(contexts).toMatchObject({ source: "contexts", round: "fine", isRefined: true });
  // Contexts of `seed --prompts learned` are learned twice, and these are the CAMs of the second time.
  expect(learned).toMatchObject({ source: "contexts", round: "fine", isRefined: false });
});

it("knows nothing of CAMs of other code", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "a.safetensors"), cam);
  expect(openCams(folder, 1)).toMatchObject({ source: null, round: "coarse", keyBase: 1, attention: null });
});
