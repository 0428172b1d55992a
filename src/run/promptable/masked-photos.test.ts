import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { readMaskedPhotos } from "./masked-photos.ts";

/** A square of a file's photo, or none. */
type Given = readonly [file: string, square: number | null];

/** What is read of photos of 512 × 512 px of which some are there. */
async function read(given: readonly Given[], files: readonly string[]): Promise<string[]> {
  const folder = temporaryFolder();
  const images = given.map(([file_name], id) => ({ id, file_name, height: 512, width: 512 }));
  const annotations = given.flatMap(([, side], id) => {
    const segmentation = side === null ? [] : [[0, 0, side, 0, side, side, 0, side]];
    return [{ id, image_id: id, category_id: 1, segmentation }];
  });
  const coco = { images, annotations, categories: [{ id: 1, name: "thing" }] };
  writeTree(folder, {
    "instances.json": JSON.stringify(coco),
    ...Object.fromEntries(files.map((file) => [`photos/${file}`, ""])),
  });
  const path = join(folder, "photos");
  const photos = await readMaskedPhotos(path, join(folder, "instances.json"), 512);
  return photos.map((photo) => photo.path.slice(path.length + 1));
}

describe("readMaskedPhotos", () => {
  it("leaves out photos without a mask and those of specks, which need not be there", async () => {
    const given: Given[] = [
      ["a.jpg", 40],
      ["b.jpg", null],
      ["c.jpg", 2],
      ["d.jpg", 3],
    ];
    expect(await read(given, ["a.jpg", "d.jpg"])).toEqual(["a.jpg", "d.jpg"]);
  });

  it("wants a mask that can be seen, and its photo", async () => {
    await expect(read([["a.jpg", 2]], ["a.jpg"])).rejects.toThrow(
      "objects of more than a few pixels, got none",
    );
    await expect(read([["a.jpg", 40]], ["b.jpg"])).rejects.toThrow("got no a.jpg");
  });
});
