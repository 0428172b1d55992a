import { crc32, deflateSync } from "node:zlib";

/** A PNG as a test wants it, down to the filter of each row; nothing is checked, so it can also be a wrong one. */
export interface PngRecipe {
  readonly height: number;
  readonly width: number;
  /** 0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGB + alpha. Default 0. */
  readonly colorType?: number;
  /** Bits a sample. Default 8. */
  readonly bitDepth?: number;
  /** [H, W, channels], one number a sample. */
  readonly samples: ArrayLike<number>;
  /** Filter of row i, repeated from the start. Default all 0. */
  readonly filters?: readonly number[];
  readonly isInterlaced?: boolean;
  /** N × RGB. */
  readonly palette?: Uint8Array;
  /** Number of IDAT chunks. Default 1. */
  readonly parts?: number;
}

export const pngStart: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

const channelsOf = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

/** The bytes of the PNG, written from the specification and without a line of the product's own codec. */
export function makePng(recipe: PngRecipe): Uint8Array {
  const { colorType = 0, palette, parts = 1 } = recipe;
  const compressed = deflateSync(filteredPixels(recipe));
  const length = Math.ceil(compressed.length / parts);
  return Buffer.concat([
    pngStart,
    pngHeader(recipe),
    ...(palette === undefined && colorType !== 3 ? [] : [pngChunk("PLTE", palette ?? new Uint8Array(768))]),
    ...Array.from({ length: parts }, (_, k) =>
      pngChunk("IDAT", compressed.subarray(k * length, (k + 1) * length)),
    ),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}

/** The IHDR chunk of a recipe. */
export function pngHeader(recipe: Omit<PngRecipe, "samples">): Uint8Array {
  const { height, width, colorType = 0, bitDepth = 8, isInterlaced = false } = recipe;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, colorType, 0, 0, isInterlaced ? 1 : 0], 8);
  return pngChunk("IHDR", header);
}

/** A chunk with its length and checksum. */
export function pngChunk(type: string, body: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(body.length + 12);
  chunk.writeUInt32BE(body.length, 0);
  chunk.write(type, 4, "latin1");
  chunk.set(body, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), body.length + 8);
  return chunk;
}

/** The bytes that go into the zlib stream: filtered rows, of the whole picture or of the seven Adam7 passes. */
export function filteredPixels(recipe: PngRecipe): Uint8Array {
  const { height, width, colorType = 0, bitDepth = 8, samples, filters = [0], isInterlaced = false } = recipe;
  const channels = channelsOf.get(colorType) ?? 1;
  const steps = isInterlaced
    ? [
        [0, 0, 8, 8],
        [0, 4, 8, 8],
        [4, 0, 8, 4],
        [0, 2, 4, 4],
        [2, 0, 4, 2],
        [0, 1, 2, 2],
        [1, 0, 2, 1],
      ]
    : [[0, 0, 1, 1]];
  const bytes: number[] = [];
  for (const [firstRow, firstColumn, rowStep, columnStep] of steps) {
    let above: number[] | null = null;
    for (let i = firstRow, n = 0; i < height && firstColumn < width; i += rowStep, n++) {
      const row: number[] = [];
      for (let j = firstColumn; j < width; j += columnStep)
        for (let c = 0; c < channels; c++) row.push(samples[(i * width + j) * channels + c]);
      const packed = packRow(row, bitDepth);
      const filter = filters[n % filters.length];
      const step = Math.max(1, (channels * bitDepth) / 8);
      bytes.push(filter, ...filterRow(packed, above ?? packed.map(() => 0), filter, step));
      above = packed;
    }
  }
  return Uint8Array.from(bytes);
}

function packRow(row: readonly number[], bitDepth: number): number[] {
  const bits = row.map((value) => value.toString(2).padStart(bitDepth, "0")).join("");
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

function filterRow(row: readonly number[], above: readonly number[], filter: number, step: number): number[] {
  return row.map((value, k) => {
    const a = row[k - step] ?? 0;
    const b = above[k];
    const c = above[k - step] ?? 0;
    const nearest = [a, b, c].sort((x, y) => Math.abs(a + b - c - x) - Math.abs(a + b - c - y))[0];
    return (value - ([0, a, b, (a + b) >> 1, nearest][filter] ?? 0)) & 255;
  });
}
