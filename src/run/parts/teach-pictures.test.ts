import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { encodeJpeg } from "../../data/photo.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { createSam } from "../../models/sam/sam.ts";
import { noise, randomTensors, tinyHybridConfig, weightFile } from "../../models/sam/testing/tiny-sam.ts";
import { quietProgress } from "../../testing/progress.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { openPhotos } from "../label-input.ts";
import type { WorkContext } from "../stage.ts";
import { openPartSource } from "./part-source.ts";
import { type TaughtParts, type TaughtPictures, type TeachRequest, teachPictures } from "./teach-pictures.ts";

/** How many pictures the model was shown, which is compiled once for all tests. */
const looks = vi.hoisted(() => ({ count: 0 }));

/** `sam-tiny` in a hundredth of its size: its cached embeddings hold more than features. */
vi.mock("../open-sam.ts", async () => {
  const file = weightFile(randomTensors(tinyHybridConfig));
  const sam = createSam(file, tinyHybridConfig, await openNodeRuntime({ threads: 1 }));
  const embed: typeof sam.embed = (image) => {
    looks.count++;
    return sam.embed(image);
  };
  const nothing = async (): Promise<void> => {};
  return { openSam: async () => ({ ...sam, sha256: "ab", embed, dispose: nothing, close: nothing }) };
});

beforeEach(() => {
  looks.count = 0;
});

/** Of one picture, in memory: 32 channels of 4×4 cells. */
const FEATURES = 32 * 4 * 4 * 4;
const gigabyte = 1e9;

const boxes = [
  "file,class,x0,y0,x1,y1",
  "a.jpg,wheel,1,1,9,9",
  "a.jpg,door,8,2,15,11",
  "b.jpg,wheel,2,3,8,10",
];

/** Of about 12×16 pixels. */
const photos = Object.fromEntries(
  await Promise.all(
    ["a", "b", "c", "d"].map(async (id, k) => [`images/${id}.jpg`, await encodeJpeg(noise(12 + k, 16))]),
  ),
) as Readonly<Record<string, Uint8Array>>;

interface Taught {
  readonly taught: TaughtPictures;
  readonly warnings: readonly string[];
}

/** Teaches: photo "a" with two parts and "b" with one to train on, "c" with one kept out, "d" without any. */
async function teach(
  request: Partial<TeachRequest> & { readonly cacheBytes?: number },
  { lines = [], files = {}, ...given }: Given = {},
): Promise<Taught & { readonly folder: string }> {
  const folder = temporaryFolder();
  writeTree(folder, photos);
  const csv = [...boxes, "c.jpg,door,3,1,12,8", ...lines].join("\n");
  writeTree(folder, { "parts.csv": csv, ...files });
  const { source, supervision } = await openPartSource({ boxes: join(folder, "parts.csv"), recipe: "parts" });
  const { cacheBytes = 0, ...others } = request;
  const cache = cacheBytes === 0 ? null : { folder: join(folder, "cache"), maxBytes: cacheBytes };
  const warnings: string[] = [];
  const taught = await teachPictures(
    {
      ...{ training: ["a", "b", "d"], held: ["c"], photos: openPhotos(join(folder, "images")) },
      ...{ source, supervision, cachePrecision: "float32", memoryBytes: gigabyte, versions: 0, seed: 1 },
      model: { name: "tiny", sha256: "ab", precision: "float32", device: "cpu", threads: 1, cache },
      ...others,
    },
    {
      pool: null as unknown as WorkContext["pool"],
      progress: quietProgress((text) => warnings.push(text.replaceAll(`${folder}/`, ""))),
      signal: given.signal ?? new AbortController().signal,
      keepGoing: given.keepGoing ?? false,
    },
  );
  return { taught, warnings, folder };
}

interface Given {
  readonly lines?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly keepGoing?: boolean;
}

const named = (pictures: readonly TaughtParts[]): string[] =>
  pictures.map(({ id, version, targets }) => `${id}${version}: ${Array.from(targets.classIds).join(" ")}`);

async function allFeatures({ training, held, features }: TaughtPictures): Promise<number[][]> {
  const arrays: number[][] = [];
  for (const picture of [...training, ...held]) arrays.push(Array.from((await features(picture)).data));
  return arrays;
}

describe("teachPictures", () => {
  it("embeds each picture that has parts once, and asks for the tokens of its parts", async () => {
    const { taught, warnings } = await teach({});
    expect(taught.shape).toEqual({ channels: 32, grid: 4, tokens: 2 });
    // Classes in the order of their names: door, wheel.
    expect([named(taught.training), named(taught.held)]).toEqual([["a0: 2 1", "b0: 2"], ["c0: 1"]]);
    expect(taught.training.map(({ targets }) => targets.tokens.shape)).toEqual([
      [2, 2, 32],
      [1, 2, 32],
    ]);
    const features = await allFeatures(taught);
    expect(features.map((each) => each.length)).toEqual(Array(3).fill(FEATURES / 4));
    expect(new Set(features.map((each) => each.join())).size).toBe(3);
    expect({ looks: looks.count, warnings, failures: taught.failures }).toEqual({
      ...{ looks: 3, warnings: [], failures: [] },
    });
    await taught.close();
  });

  it("makes an embedding again that neither memory nor the cache holds, of changed versions too", async () => {
    const versions = 1;
    const all = await teach({ versions });
    expect(named(all.taught.training)).toEqual([
      "a0: 2 1",
      expect.stringMatching(/^a1: /),
      "b0: 2",
      expect.stringMatching(/^b1: /),
    ]);
    expect(named(all.taught.held)).toEqual(["c0: 1"]);
    const expected = await allFeatures(all.taught);
    expect(looks.count).toBe(5);
    // A look for each in the first place, and again one for each that the memory does not hold.
    for (const [memory, again] of [
      [2 * FEATURES, 3],
      [2 * FEATURES - 1, 4],
      [0, 5],
    ]) {
      looks.count = 0;
      const { taught } = await teach({ versions, memoryBytes: memory });
      expect(looks.count).toBe(5);
      expect(await allFeatures(taught)).toEqual(expected);
      expect(looks.count).toBe(5 + again);
      await taught.close();
    }
    await all.taught.close();
  });

  it("changes pictures by the seed", async () => {
    const [first, same, other] = await Promise.all(
      [1, 1, 2].map(async (seed) => (await teach({ versions: 1, seed })).taught.training),
    );
    expect(same).toEqual(first);
    const isPlain = ({ version }: TaughtParts): boolean => version === 0;
    expect(other.filter(isPlain)).toEqual(first.filter(isPlain));
    const keys = (pictures: readonly TaughtParts[]): string[] => pictures.map(({ key }) => key);
    expect(new Set(keys([...first, ...other])).size).toBe(2 + 2 + 2);
  });

  it.each(["float32", "float16"] as const)(
    "takes from the cache what memory does not hold, kept as %s",
    async (cachePrecision) => {
      const { taught, folder } = await teach({ memoryBytes: 0, cacheBytes: gigabyte, cachePrecision });
      expect(readdirSync(join(folder, "cache")).length).toBe(3);
      const features = await allFeatures(taught);
      expect(looks.count).toBe(3);
      const whole = await allFeatures((await teach({})).taught);
      if (cachePrecision === "float32") expect(features).toEqual(whole);
      else {
        expect(features).not.toEqual(whole);
        for (const [k, each] of features.entries())
          for (const [p, value] of each.entries())
            expect(Math.abs(value - whole[k][p])).toBeLessThanOrEqual(
              2 ** -11 * Math.abs(whole[k][p]) + 1e-7,
            );
      }
    },
  );

  it.each(["float32", "float16"] as const)(
    "warns when the cache is too small for what memory does not hold, kept as %s",
    async (cachePrecision) => {
      const options = { cachePrecision, memoryBytes: FEATURES };
      const { folder } = await teach({ ...options, cacheBytes: gigabyte });
      const [size] = readdirSync(join(folder, "cache")).map(
        (name) => statSync(join(folder, "cache", name)).size,
      );
      // Features are the smaller part of it.
      expect(size).toBeGreaterThan((cachePrecision === "float32" ? 4 : 2) * FEATURES);
      expect((await teach({ ...options, cacheBytes: 2 * size })).warnings).toEqual([]);
      const gb = Number(((2 * size) / 1e9).toPrecision(2));
      expect((await teach({ ...options, cacheBytes: 2 * size - 1 })).warnings).toEqual([
        `2 of 3 embeddings do not fit in memory and take ${gb} GB in the cache, which keeps ${gb}: the others are made again in every epoch, --cache-limit 0.1 keeps all`,
      ]);
      const { warnings } = await teach({ ...options, memoryBytes: FEATURES - 1 });
      expect(warnings).toEqual([
        expect.stringMatching(/^3 of 3 embeddings .* GB in the cache, which keeps 0: /),
      ]);
      // Memory holds float32, whatever the cache holds.
      const none = await teach({ ...options, memoryBytes: 3 * FEATURES - 1 });
      expect(none.warnings).toEqual([expect.stringMatching(/^1 of 3 embeddings /)]);
      expect((await teach({ ...options, memoryBytes: 3 * FEATURES })).warnings).toEqual([]);
    },
  );

  it("passes over bad photos when it is to keep going, and stops at the first otherwise", async () => {
    const bad = { lines: ["b.jpg,door,50,3,99,10", "e.jpg,door,1,1,5,5"], files: { "images/e.jpg": "text" } };
    const training = ["a", "b", "e"];
    const { taught, warnings } = await teach({ training }, { ...bad, keepGoing: true });
    expect(named(taught.training)).toEqual(["a0: 2 1"]);
    expect(taught.failures.map(({ id }) => id)).toEqual(["b", "e"]);
    expect(warnings).toEqual(
      taught.failures.map(({ message }) => message.replaceAll(/\S*\/(?=images|parts)/g, "")),
    );
    expect(warnings[0]).toMatch(/^parts.csv: b: /);
    await expect(teach({ training }, bad)).rejects.toMatchObject({
      message: expect.stringMatching(/parts.csv: b: /),
    });
  });

  it("refuses pictures of which none has a part, and stops when it is told to", async () => {
    await expect(teach({ training: ["d"], held: ["c"] })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(/parts.csv: expected pictures with parts, got none with any$/),
    });
    await expect(teach({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
      message: "embed: stopped after 0 of 4 images",
    });
  });
});
