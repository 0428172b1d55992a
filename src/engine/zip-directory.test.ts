import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { MaskwrightError } from "../core/error.ts";
import { fields, join, type ZipMember, zip } from "../testing/zip.ts";
import { byteSource } from "./byte-source.ts";
import { readZipDirectory, type ZipEntry } from "./zip-directory.ts";

const members: ZipMember[] = [
  { name: "a/one", bytes: Uint8Array.of(1, 2, 3) },
  { name: "a/empty", bytes: new Uint8Array(0) },
  { name: "é", bytes: Uint8Array.of(4) },
];
const read = (bytes: Uint8Array): Map<string, ZipEntry> => readZipDirectory(byteSource(bytes), "x.zip");

function contents(bytes: Uint8Array): [name: string, contents: number[]][] {
  return [...read(bytes).values()].map(({ name, begin, end }) => [name, [...bytes.subarray(begin, end)]]);
}

describe("readZipDirectory", () => {
  const all = [
    ["a/one", [1, 2, 3]],
    ["a/empty", []],
    ["é", [4]],
  ];

  it.each([false, true])("finds each file's bytes, zip64: %s", (isZip64) => {
    expect(contents(zip(members, { isZip64 }))).toEqual(all);
    expect(contents(zip([], { isZip64 }))).toEqual([]);
  });

  it("finds them before a comment, and when another program wrote them", () => {
    const bytes = zip(members);
    const comment = new TextEncoder().encode("PK\x05\x06 is where a directory ends");
    const commented = join([bytes.subarray(0, -2), fields([comment.length, 2]), comment]);
    expect(contents(commented)).toEqual(all);
    const other = zipSync({ a: [Uint8Array.of(7), { level: 0 }], b: new Uint8Array(100) });
    expect(contents(other)[0]).toEqual(["a", [7]]);
    expect(read(other).get("b")?.isStored).toBe(false);
  });

  it("finds data beyond 4 GB", () => {
    // Five gigabytes that nobody allocates: zeros between a header and a directory.
    const length = 5 * 2 ** 30;
    const bytes = zip([{ name: "big", bytes: new Uint8Array(0), lie: { length } }], { isZip64: true });
    const header = bytes.subarray(0, 33);
    const end = bytes.slice(33);
    // The directory and the zip64 record are that much further on.
    const view = new DataView(end.buffer);
    const recordAt = end.length - 22 - 20 - 56;
    view.setBigUint64(recordAt + 48, BigInt(33 + length), true);
    view.setBigUint64(end.length - 22 - 12, BigInt(33 + length + recordAt), true);
    const source = {
      size: 33 + length + end.length,
      read: (offset: number, count: number) =>
        offset < 33
          ? header.subarray(offset, offset + count)
          : offset < 33 + length
            ? join([new Uint8Array(33 + length - offset), end]).subarray(0, count)
            : end.subarray(offset - 33 - length, offset - 33 - length + count),
    };
    expect(readZipDirectory(source, "x")).toEqual(
      new Map([["big", { name: "big", isStored: true, begin: 33, end: 33 + length }]]),
    );
  });

  const one = (lie: ZipMember["lie"] & object): Uint8Array =>
    zip([members[0], { name: "b", bytes: Uint8Array.of(5), lie }]);
  it.each<[what: string, bytes: Uint8Array, message: string]>([
    ["nothing", new Uint8Array(0), "x.zip: expected a zip directory at the end, got none"],
    ["no zip", new Uint8Array(100), "expected a zip directory at the end, got none"],
    ["a name twice", zip([members[0], members[0]]), "expected each file once, got a/one twice"],
    ["overlapping files", one({ headerAt: 2 }), "x.zip: b: expected data after byte 38, got byte 2"],
    ["a file that runs into the directory", one({ length: 2 }), "x.zip: b: expected data before byte"],
    ["a file of 4 GB", one({ length: 2 ** 32 - 2 }), "got an end at byte"],
    [
      "a file beyond the end",
      one({ headerAt: 10_000 }),
      "expected the file b at byte 10000, got other bytes",
    ],
    ["encryption", one({ flags: 1 }), "entry 1: expected no encryption, got b"],
    [
      "a way out",
      zip([{ name: "a/../../b", bytes: new Uint8Array(0) }]),
      'inside its folder, got "a/../../b"',
    ],
    ["an absolute name", zip([{ name: "/etc", bytes: new Uint8Array(0) }]), 'inside its folder, got "/etc"'],
    ["a backslash", zip([{ name: "..\\b", bytes: new Uint8Array(0) }]), "inside its folder"],
    ["no name", zip([{ name: "", bytes: new Uint8Array(0) }]), "expected a name of 1 to 1024 bytes, got 0"],
    [
      "a long name",
      zip([{ name: "b".repeat(1025), bytes: new Uint8Array(0) }]),
      "expected a name of 1 to 1024 bytes, got 1025",
    ],
    [
      "a directory of 2 GB",
      fields([0x06054b50, 4], [0, 4], [1, 2], [1, 2], [2 ** 31, 4], [0, 4], [0, 2]),
      "expected a zip directory inside the file's 22 bytes, got 2147483648 bytes at byte 0",
    ],
    [
      "entries that are not there",
      fields([0x06054b50, 4], [0, 4], [9, 2], [9, 2], [0, 4], [0, 4], [0, 2]),
      "zip directory, entry 0: expected an entry",
    ],
    [
      "a zip64 mark without a record",
      fields([0x06054b50, 4], [0, 4], [0xffff, 2], [0xffff, 2], [0, 4], [0, 4], [0, 2]),
      "expected a zip64 locator, got none",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(MaskwrightError);
    expect(() => read(bytes)).toThrow(message);
  });

  it("refuses millions of entries before it reads them", () => {
    const bytes = zip([], { isZip64: true });
    new DataView(bytes.buffer).setBigUint64(32, 10_000_000n, true);
    expect(() => read(bytes)).toThrow("expected at most 100000 files, got 10000000");
  });

  it.each([false, true])("refuses what is cut off anywhere, zip64: %s", (isZip64) => {
    const bytes = zip(members, { isZip64 });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => read(bytes.subarray(0, length))).toThrow(MaskwrightError);
    }
  });

  it.each([false, true])("throws nothing else when a byte is another, zip64: %s", (isZip64) => {
    const bytes = zip(members, { isZip64 });
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const changed = bytes.slice();
        changed[at] = value;
        try {
          for (const { begin, end } of read(changed).values()) {
            expect(0 <= begin && begin <= end && end <= bytes.length).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(MaskwrightError);
        }
      }
    }
  });
});
