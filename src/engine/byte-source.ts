/** Bytes that can be read anywhere, such as an open file: readers take what they need and no more. */
export interface ByteSource {
  readonly size: number;
  /** The bytes [offset, offset + length); the caller asks for nothing outside and does not change what it gets. */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes in memory; what is read are views. */
export function byteSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
