import { appendFileSync, writeFileSync } from "node:fs";

/** A text file that is written a piece at a time and never whole in memory: a string cannot hold all of a large data set's. */
export interface TextFile {
  write(text: string): void;
  /** Writes what is still in memory. */
  close(): void;
}

/** Characters that are kept before they go to the file. */
const KEPT = 2 ** 20;

export function openTextFile(path: string): TextFile {
  writeFileSync(path, "");
  let pieces: string[] = [];
  let length = 0;
  const close = (): void => {
    appendFileSync(path, pieces.join(""));
    pieces = [];
    length = 0;
  };
  return {
    write(text) {
      pieces.push(text);
      length += text.length;
      if (length >= KEPT) close();
    },
    close,
  };
}
