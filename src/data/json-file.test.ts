import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseJson, readJsonFile } from "./json-file.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("parseJson", () => {
  it("reads with and without a byte order mark", () => {
    expect(parseJson(bytes('{"a":[1,"é"]}'), "x")).toEqual({ a: [1, "é"] });
    expect(parseJson(bytes('\uFEFF["]]]]", "\\"[["]'), "x")).toEqual(["]]]]", '"[[']);
  });

  it.each<[what: string, bytes: Uint8Array, message: RegExp]>([
    ["nothing", bytes(""), /^a\.json:1:1: expected JSON, got the end of the file$/],
    ["a stray character", bytes('{\n  "a": ?\n}'), /^a\.json:2:8: expected JSON, got "\?"$/],
    ["a cut file", bytes('{"a": [1, 2'), /^a\.json:1:12: expected JSON, got the end of the file$/],
    ["an open string", bytes('{"a\\'), /^a\.json:1:2: expected JSON, got "\\""$/],
    ["Latin-1", Uint8Array.of(0x22, 0xe9, 0x22), /^a\.json: expected UTF-8 text, got other bytes$/],
    [
      "deep nesting",
      bytes("[".repeat(1e6)),
      /^a\.json: expected nesting of at most 100, got more at byte 100$/,
    ],
  ])("refuses %s", (_, input, message) => {
    expect(() => parseJson(input, "a.json")).toThrow(message);
  });
});

describe("readJsonFile", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "maskwright-"));
    await writeFile(join(folder, "a.json"), '{"a":1}');
    await writeFile(join(folder, "a.json.gz"), gzipSync('{"a":1}'));
    await writeFile(join(folder, "bomb.json.gz"), gzipSync(Buffer.alloc(1e6, " ")));
    await writeFile(join(folder, "bad.json.gz"), '{"a":1}');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("reads plain and packed", async () => {
    expect(await readJsonFile(join(folder, "a.json"))).toEqual({ a: 1 });
    expect(await readJsonFile(join(folder, "a.json.gz"))).toEqual({ a: 1 });
  });

  it("stops at the limit, packed or not", async () => {
    await expect(readJsonFile(join(folder, "a.json"), { maxBytes: 6 })).rejects.toThrow(
      "at most 6 bytes, got 7 bytes",
    );
    await expect(readJsonFile(join(folder, "bomb.json.gz"), { maxBytes: 5000 })).rejects.toThrow(
      "at most 5000 bytes",
    );
  });

  it("names what is not there or not a file", async () => {
    await expect(readJsonFile(join(folder, "none.json"))).rejects.toThrow(
      "none.json: expected a file, got nothing there",
    );
    await expect(readJsonFile(folder)).rejects.toThrow("expected a file, got a folder");
    await expect(readJsonFile(join(folder, "bad.json.gz"))).rejects.toThrow("expected gzip");
  });
});
