import { expect, it } from "vitest";
import { quietProgress } from "../../testing/progress.ts";
import { warnOfCrowdedPictures } from "./crowded-pictures.ts";
import type { TaughtParts } from "./teach-pictures.ts";

/** A picture of so many parts; their tokens do not matter. */
function picture(id: string, partCount: number, version = 0): TaughtParts {
  const tokens = { dtype: "float32", shape: [partCount, 2, 0], data: new Float32Array(0) } as const;
  return { id, version, key: `${id} ${version}`, targets: { classIds: Array(partCount).fill(1), tokens } };
}

function warnings(
  training: readonly TaughtParts[],
  held: readonly TaughtParts[],
  queries: number,
): readonly string[] {
  const said: string[] = [];
  const progress = quietProgress((message) => said.push(message));
  warnOfCrowdedPictures({ training, held }, queries, "parts.csv", progress);
  return said;
}

it("says how many photos have more parts than queries, the most parts, and what to do", () => {
  const training = [picture("a", 3), picture("b", 1), picture("c", 0)];
  expect(warnings(training, [picture("d", 5)], 2)).toEqual([
    "parts.csv: 2 of 4 photos have more parts than the network's 2 queries, up to 5; those that match worst are left over in each step, --queries 5 takes all",
  ]);
  expect(warnings([picture("a", 2)], [], 1)).toEqual([
    "parts.csv: 1 of 1 photo has more parts than the network's 1 query, up to 2; those that match worst are left over in each step, --queries 2 takes all",
  ]);
});

it("counts a photo once, whatever versions of it there are", () => {
  const training = [picture("a", 3), picture("a", 3, 1), picture("a", 3, 2), picture("b", 1)];
  expect(warnings(training, [], 2)).toEqual([expect.stringMatching(/^parts.csv: 1 of 2 photos has more/)]);
});

it("says nothing where each part has its query", () => {
  expect(warnings([picture("a", 2), picture("b", 0)], [picture("c", 1)], 2)).toEqual([]);
});
