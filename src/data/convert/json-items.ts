import { badFormat } from "../../core/error.ts";
import { type FileItems, fileItems, scanFile } from "./file-items.ts";

/**
 * Finds the values of a JSON list in a file, without reading it whole: only brackets, strings and commas are looked at, so each
 * value is still to be parsed.
 *
 * @param maxBytes  of one value
 * @throws MaskwrightError BAD_FORMAT when it is no list, is not written to its end, or has a value of more bytes
 */
export function indexJsonList(path: string, maxBytes: number): FileItems {
  const starts: number[] = [];
  const ends: number[] = [];
  let depth = 0;
  let isOpen = false; // a value of the list is under way
  let isText = false;
  let isEscaped = false;
  const fail = (at: number, expected: string, got: string): Error =>
    badFormat(`${path}: byte ${at}`, expected, got);
  const endValue = (at: number): void => {
    if (!isOpen) return;
    isOpen = false;
    ends.push(at);
    const bytes = at - starts[starts.length - 1];
    if (bytes > maxBytes)
      throw fail(starts[starts.length - 1], `a value of at most ${maxBytes} bytes`, `${bytes}`);
  };
  let isOver = false;
  scanFile(path, (chunk, offset) => {
    for (let p = 0; p < chunk.length; p++) {
      const byte = chunk[p];
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (byte === 0x5c) isEscaped = true;
        else if (byte === 0x22) isText = false;
        continue;
      }
      if (byte <= 0x20) continue;
      const at = offset + p;
      if (at < 3 && depth === 0 && byte >= 0x80) continue; // a byte order mark
      if (depth === 0 && (byte !== 0x5b || isOver))
        throw fail(at, isOver ? "nothing after the list" : "a list", String.fromCharCode(byte));
      if (depth === 1 && byte === 0x2c) {
        endValue(at);
        continue;
      }
      if (depth === 1 && byte !== 0x5d && !isOpen) {
        isOpen = true;
        starts.push(at);
      }
      if (byte === 0x22) isText = true;
      else if (byte === 0x5b || byte === 0x7b) depth++;
      else if (byte === 0x5d || byte === 0x7d) {
        if (depth === 1) endValue(at);
        depth--;
        isOver = depth === 0;
      }
    }
  });
  if (!isOver) throw badFormat(path, 'a list to its closing "]"', "the end of the file");
  return fileItems(path, starts, ends);
}
