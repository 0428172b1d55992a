import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MaskwrightError } from "../core/error.ts";
import { labels, mask } from "../testing/picture.ts";
import { filteredPixels, makePng, pngChunk, pngHeader, pngStart } from "../testing/png.ts";
import { decodeLabelMap, encodeLabelMap } from "./label-file.ts";
import { decodeMaskRle, encodeMask } from "./mask-file.ts";
import { decodePng } from "./png-decode.ts";

/** What a reader says about bytes: its error, or null when it takes them. Any other error fails the test. */
function complaint(read: (bytes: Uint8Array, where: string) => unknown, bytes: Uint8Array): string | null {
  try {
    read(bytes, "a.png");
    return null;
  } catch (error) {
    if (!(error instanceof MaskwrightError)) throw error;
    expect(error).toMatchObject({
      code: "BAD_FORMAT",
      message: expect.stringMatching(/^a\.png: .*expected .*, got .*$/),
    });
    expect(error.hint).toBeTruthy();
    return error.message;
  }
}

const readers = [decodePng, decodeLabelMap, decodeMaskRle];

const wellFormed: readonly (readonly [string, Uint8Array])[] = [
  ["a label map of ours", encodeLabelMap(labels("0110 0111"))],
  ["a mask of ours", encodeMask(mask(".##. .###"))],
  [
    "a gray file with every filter",
    makePng({ height: 5, width: 3, samples: new Uint8Array(15), filters: [0, 1, 2, 3, 4] }),
  ],
  [
    "a 1-bit file in three pieces",
    makePng({ height: 2, width: 9, bitDepth: 1, samples: new Uint8Array(18).fill(1), parts: 3 }),
  ],
  ["an interlaced file", makePng({ height: 6, width: 5, samples: new Uint8Array(30), isInterlaced: true })],
];

/** A PNG from its parts; without `pixels` the IDAT holds the right ones for 2 × 3. */
function png(parts: {
  header?: Uint8Array;
  pixels?: Uint8Array;
  between?: Uint8Array;
  end?: Uint8Array;
}): Uint8Array {
  const size = { height: 2, width: 3 };
  const {
    header = pngHeader(size),
    pixels = deflateSync(filteredPixels({ ...size, samples: [0, 1, 1, 0, 0, 1] })),
    between = new Uint8Array(0),
    end = pngChunk("IEND", new Uint8Array(0)),
  } = parts;
  return Buffer.concat([pngStart, header, between, pngChunk("IDAT", pixels), end]);
}

function withByte(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[offset] = value;
  return copy;
}

/** A header chunk with these bytes for depth, color type, compression, filter and interlacing. */
function headerOf(...fields: number[]): Uint8Array {
  return pngChunk("IHDR", Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 2, ...fields));
}

const malformed: readonly (readonly [string, Uint8Array, string])[] = [
  ["nothing", new Uint8Array(0), "a.png: expected a PNG file, got an empty file"],
  [
    "text",
    Buffer.from("not a picture"),
    "a.png: expected a PNG file, got a file that starts with 6e6f742061207069",
  ],
  [
    "a JPEG",
    Uint8Array.of(0xff, 0xd8, 0xff, 0xe0),
    "a.png: expected a PNG file, got a file that starts with ffd8ffe0",
  ],
  ["a signature alone", pngStart, "a.png: expected a chunk up to IEND, got the end of the file at byte 8"],
  [
    "60,000 × 60,000",
    png({ header: pngHeader({ height: 60_000, width: 60_000 }) }),
    "a.png: expected a height and width of at least 1 and at most 100000000 pixels, got 60000×60000",
  ],
  [
    "the largest sides a header can hold",
    png({ header: pngHeader({ height: 2 ** 32 - 1, width: 2 ** 32 - 1 }) }),
    "a.png: expected a height and width of at least 1 and at most 100000000 pixels, got 4294967295×4294967295",
  ],
  [
    "no rows",
    png({ header: pngHeader({ height: 0, width: 3 }) }),
    "a.png: expected a height and width of at least 1 and at most 100000000 pixels, got 0×3",
  ],
  [
    "no columns",
    png({ header: pngHeader({ height: 3, width: 0 }) }),
    "a.png: expected a height and width of at least 1 and at most 100000000 pixels, got 3×0",
  ],
  ["a chunk as long as 4 GB", withByte(png({}), 33, 0xff), " up to the end of the file"],
  ["a wrong checksum", withByte(png({}), 32, 0), "a.png: chunk IHDR at byte 8: expected checksum "],
  [
    "letters that are none",
    png({ between: pngChunk("\n\0!?", new Uint8Array(0)).fill(7, 8) }),
    "a.png: chunk 0a00213f at byte 33",
  ],
  [
    "no header",
    Buffer.concat([pngStart, pngChunk("IEND", new Uint8Array(0))]),
    "a.png: chunk IEND at byte 8: expected the IHDR chunk first, got IEND",
  ],
  [
    "a short header",
    png({ header: pngChunk("IHDR", new Uint8Array(9)) }),
    "a.png: chunk IHDR at byte 8: expected 13 bytes, got 9",
  ],
  [
    "color type 5",
    png({ header: headerOf(8, 5, 0, 0, 0) }),
    "expected a color type and depth of PNG, got type 5 at 8 bits",
  ],
  [
    "RGB of 4 bits",
    png({ header: headerOf(4, 2, 0, 0, 0) }),
    "expected a color type and depth of PNG, got type 2 at 4 bits",
  ],
  [
    "another compression",
    png({ header: headerOf(8, 0, 1, 0, 0) }),
    "expected methods 0, 0 and 0 or 1, got 1, 0 and 0",
  ],
  [
    "interlacing 2",
    png({ header: headerOf(8, 0, 0, 0, 2) }),
    "expected methods 0, 0 and 0 or 1, got 0, 0 and 2",
  ],
  [
    "no pixels",
    Buffer.concat([pngStart, pngHeader({ height: 1, width: 1 }), pngChunk("IEND", new Uint8Array(0))]),
    "a.png: expected an IDAT chunk with the pixels, got none",
  ],
  [
    "no end",
    png({ end: new Uint8Array(0) }),
    "a.png: expected a chunk up to IEND, got the end of the file at byte",
  ],
  [
    "no palette",
    png({ header: headerOf(8, 3, 0, 0, 0) }),
    "a.png: expected a PLTE chunk with the colors, got none",
  ],
  [
    "a palette of 4 bytes",
    png({ between: pngChunk("PLTE", new Uint8Array(4)) }),
    "a.png: chunk PLTE at byte 33: expected 1 to 256 colors of 3 bytes, got 4 bytes",
  ],
  [
    "a palette of 257 colors",
    png({ between: pngChunk("PLTE", new Uint8Array(771)) }),
    "expected 1 to 256 colors of 3 bytes, got 771 bytes",
  ],
  [
    "pixels that are not zlib",
    png({ pixels: Buffer.from("hello") }),
    "a.png: expected 8 bytes of pixels for 2×3, got a broken zlib stream (incorrect header check)",
  ],
  [
    "pixels cut short",
    png({ pixels: deflateSync(new Uint8Array(8)).subarray(0, -5) }),
    "got a broken zlib stream (unexpected end of file)",
  ],
  [
    "an empty stream",
    png({ pixels: new Uint8Array(0) }),
    "a.png: expected 8 bytes of pixels for 2×3, got a stream of 0 bytes",
  ],
  [
    "a row too few",
    png({ pixels: deflateSync(new Uint8Array(4)) }),
    "a.png: expected 8 bytes of pixels for 2×3, got 4",
  ],
  [
    "a row too many",
    png({ pixels: deflateSync(new Uint8Array(12)) }),
    "a.png: expected 8 bytes of pixels for 2×3, got more",
  ],
  [
    "a bomb of 64 MB",
    png({ pixels: deflateSync(new Uint8Array(64 * 2 ** 20)) }),
    "a.png: expected 8 bytes of pixels for 2×3, got more",
  ],
  [
    "a header that claims 9,000 × 9,000",
    png({ header: pngHeader({ height: 9000, width: 9000 }) }),
    "a.png: expected 81009000 bytes of pixels for 9000×9000, got a stream of ",
  ],
  [
    "filter 5",
    png({ pixels: deflateSync(Uint8Array.of(0, 0, 0, 0, 5, 0, 0, 0)) }),
    "a.png: row 1: expected a filter 0..4, got 5",
  ],
];

describe("a malformed PNG", () => {
  it.each(malformed)("%s: one line that says what is wrong", (_, bytes, message) => {
    for (const read of readers) expect(complaint(read, bytes)).toContain(message);
  });

  it.each(wellFormed)("%s is refused at every length but its own", (_, bytes) => {
    for (const read of readers) {
      expect(complaint(read, bytes)).toBeNull();
      for (let length = 0; length < bytes.length; length++)
        expect(complaint(read, bytes.subarray(0, length))).not.toBeNull();
    }
  });

  it.each(wellFormed)("%s is refused with any one bit turned", (_, bytes) => {
    const copy = Uint8Array.from(bytes);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      copy[bit >> 3] ^= 1 << (bit & 7);
      expect(complaint(decodeLabelMap, copy)).not.toBeNull();
      copy[bit >> 3] ^= 1 << (bit & 7);
    }
  });

  it("never fails in any other way, though its checksums are right", () => {
    const header = fc.tuple(fc.nat(9), fc.nat(9), fc.constantFrom(1, 2, 3, 4, 8, 16), fc.nat(7), fc.nat(2));
    const stream = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => deflateSync(bytes)),
    );
    fc.assert(
      fc.property(header, stream, ([height, width, depth, colorType, interlace], pixels) => {
        const fields = Uint8Array.of(0, 0, 0, width, 0, 0, 0, height, depth, colorType, 0, 0, interlace);
        const bytes = png({ header: pngChunk("IHDR", fields), pixels });
        for (const read of readers) complaint(read, bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it("never fails in any other way on noise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
        for (const read of readers) complaint(read, Buffer.concat([pngStart, noise]));
      }),
    );
  });
});
