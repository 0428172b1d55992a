import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parquetMetadata } from "hyparquet";
import { describe, expect, it } from "vitest";
import { readThings, writeThings } from "../../testing/things.ts";
import { labelPng, temporaryFolder } from "../../testing/tree.ts";
import { encodePng } from "../png-encode.ts";
import { openParquet } from "./parquet-read.ts";
import { createParquet } from "./parquet-write.ts";

const photo = encodePng({ height: 1, width: 3 }, new Uint8Array(3), null);
const files = {
  "in/a.png": labelPng("01x"),
  "in/sub/b.png": labelPng("220"),
  "photos/a.png": photo,
  "photos/sub/b.png": photo,
};
const bufferOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

describe("Hugging Face", () => {
  it("writes shards with the features that datasets reads, a card and the names", async () => {
    const output = await writeThings("hf", files, { images: "photos", validation: ["sub/b"] });
    expect(readdirSync(join(output, "data"))).toEqual([
      "train-00000-of-00001.parquet",
      "validation-00000-of-00001.parquet",
    ]);
    const shard = join(output, "data/validation-00000-of-00001.parquet");
    const metadata = parquetMetadata(bufferOf(readFileSync(shard)));
    const [{ key, value = "" }] = metadata.key_value_metadata ?? [];
    expect(key).toBe("huggingface");
    expect(JSON.parse(value).info.features.annotation).toEqual({ _type: "Image" });
    const { id, image, annotation } = (await (
      await openParquet(shard)
    ).row(0, ["id", "image", "annotation"])) as Record<string, { bytes: Uint8Array; path: string }>;
    expect(id).toBe("sub/b");
    expect([image.path, annotation.path]).toEqual(["b.png", "b.png"]);
    expect(Buffer.from(image.bytes).equals(photo)).toBe(true);
    expect(JSON.parse(readFileSync(join(output, "id2label.json"), "utf8"))).toEqual({
      0: "background",
      1: "class_1",
      2: "class_2",
    });
    expect(readFileSync(join(output, "README.md"), "utf8")).toContain(
      "  - split: validation\n    path: data/validation-*\n",
    );
  });

  it("gives photos and splits back", async () => {
    const output = await writeThings("hf", files, { images: "photos", validation: ["sub/b"] });
    const shards = Object.fromEntries(
      ["data/train-00000-of-00001.parquet", "data/validation-00000-of-00001.parquet", "id2label.json"].map(
        (name) => [`in/${name}`, readFileSync(join(output, name))],
      ),
    );
    const back = await writeThings("mmseg", shards, { from: "hf" });
    expect(readFileSync(join(back, "img_dir/val/sub/b.png")).equals(photo)).toBe(true);
    expect(readFileSync(join(back, "ann_dir/train/a.png")).equals(labelPng("01x"))).toBe(true);
  });

  it("asks for photos", async () => {
    await expect(writeThings("hf", { "in/a.png": labelPng("01") })).rejects.toThrow(
      "expected a photo for a, got none",
    );
  });

  it("reads rows of several groups", async () => {
    const path = join(temporaryFolder(), "x.parquet");
    const target = createParquet(path);
    for (let row = 0; row < 205; row++)
      await target.add({
        id: `p${row}`,
        image: { bytes: photo, path: "a.png" },
        annotation: { bytes: Uint8Array.of(row), path: "a.png" },
      });
    await target.finish();
    const file = await openParquet(path);
    expect([file.rowCount, file.columns]).toEqual([205, ["id", "image", "annotation"]]);
    expect((await file.texts("id")).slice(99, 102)).toEqual(["p99", "p100", "p101"]);
    for (const row of [0, 99, 100, 204])
      expect(((await file.row(row, ["annotation"])).annotation as { bytes: Uint8Array }).bytes).toEqual(
        Uint8Array.of(row),
      );
  });

  it.each<[string, Record<string, string | Uint8Array>, RegExp]>([
    [
      "no Parquet",
      { "in/data/train.parquet": "PAR1, but no more" },
      /expected a Parquet file that ends in "PAR1"/,
    ],
    [
      "metadata longer than the file",
      { "in/train.parquet": Uint8Array.of(255, 255, 255, 1, 80, 65, 82, 49) },
      /expected metadata of at most/,
    ],
    [
      "metadata that is none",
      { "in/train.parquet": Uint8Array.of(80, 65, 82, 49, 99, 99, 99, 99, 4, 0, 0, 0, 80, 65, 82, 49) },
      /train\.parquet: expected/,
    ],
    ["nothing", { "in/readme.txt": "" }, /expected files ending in \.parquet, got none/],
  ])("refuses %s", async (_, given, message) => {
    await expect(readThings("hf", given)).rejects.toThrow(message);
  });

  it("refuses names whose class 0 is a thing", async () => {
    const output = await writeThings("hf", files, { images: "photos" });
    const shard = readFileSync(join(output, "data/train-00000-of-00001.parquet"));
    const given = { "in/train.parquet": shard, "in/id2label.json": '{"0": "wall", "1": "floor"}' };
    await expect(readThings("hf", given)).rejects.toThrow(
      /id2label\.json: 0: expected the background, got "wall"/,
    );
  });
});
