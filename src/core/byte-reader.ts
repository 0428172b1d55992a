import { badFormat } from "./error.ts";

/** Reads numbers and bytes one after another; running over the end is a BAD_FORMAT that names the byte. */
export interface ByteReader {
  /** Offset of the next byte. */
  readonly position: number;
  /** Bytes left. */
  readonly left: number;
  uint8(): number;
  uint16(): number;
  int32(): number;
  uint32(): number;
  /** A 64-bit length; one beyond the end is refused like any other lack of bytes. */
  length64(): number;
  /** Eight bytes, the sign first. */
  float64BigEndian(): number;
  /** A view of the next bytes, not a copy. */
  bytes(count: number): Uint8Array;
  /** A view of the bytes before the next line feed, which is skipped. */
  line(): Uint8Array;
}

/** A reader of little-endian data from byte `start` on. `where` names the file in errors. */
export function byteReader(data: Uint8Array, where: string, start = 0): ByteReader {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let position = start;
  const take = (count: number): number => {
    if (count > data.length - position) {
      throw badFormat(where, `${count} more bytes at byte ${position}`, `the end at ${data.length}`);
    }
    const at = position;
    position += count;
    return at;
  };
  return {
    get position() {
      return position;
    },
    get left() {
      return data.length - position;
    },
    uint8: () => data[take(1)],
    uint16: () => view.getUint16(take(2), true),
    int32: () => view.getInt32(take(4), true),
    uint32: () => view.getUint32(take(4), true),
    length64: () => Number(view.getBigUint64(take(8), true)),
    float64BigEndian: () => view.getFloat64(take(8), false),
    bytes(count) {
      const at = take(count);
      return data.subarray(at, at + count);
    },
    line() {
      const end = data.indexOf(0x0a, position);
      if (end < 0) throw badFormat(where, `a line end after byte ${position}`, `the end at ${data.length}`);
      const at = take(end + 1 - position);
      return data.subarray(at, end);
    },
  };
}
