import { constants, crc32, deflateSync } from "node:zlib";
import type { Size } from "../core/geometry.ts";
import { pngSignature } from "./png.ts";

/**
 * An 8-bit PNG: indexed when a palette is given, otherwise gray, or RGB when there are three samples a pixel. The same
 * picture gives the same bytes on every machine.
 *
 * Rows are stored unfiltered and only runs are sought: label maps and masks are flat nearly everywhere,
 * where filters and a longer search gain nothing, and the result does not depend on how a build of zlib
 * hashes.
 *
 * @param data     [H, W] samples, or [H, W, 3], row-major
 * @param palette  1 to 256 × RGB
 */
export function encodePng({ height, width }: Size, data: Uint8Array, palette: Uint8Array | null): Uint8Array {
  const isRgb = data.length === height * width * 3;
  const length = isRgb ? width * 3 : width;
  const rows = new Uint8Array(height * (length + 1)); // each row is led by filter 0
  for (let i = 0; i < height; i++)
    rows.set(data.subarray(i * length, (i + 1) * length), i * (length + 1) + 1);
  const compressed = deflateSync(rows, { level: 1, strategy: constants.Z_RLE });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits a sample
  header[9] = isRgb ? 2 : palette === null ? 0 : 3; // color type: RGB, gray or palette
  return Buffer.concat([
    pngSignature,
    chunk("IHDR", header),
    ...(palette === null ? [] : [chunk("PLTE", palette)]),
    chunk("IDAT", compressed),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(body.length + 12);
  bytes.writeUInt32BE(body.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(body, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), body.length + 8);
  return bytes;
}
