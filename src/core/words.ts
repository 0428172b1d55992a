/**
 * The same bytes, four to a word in the machine's order, without the up to three left over: equal words are four
 * equal pixels. The bytes are copied only when they lie askew in their buffer.
 */
export function wordsOf(bytes: Uint8Array): Int32Array {
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Int32Array(buffer, byteOffset, bytes.length >>> 2);
}
