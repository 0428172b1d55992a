import { closeSync, ftruncateSync, openSync, readSync, writeFileSync } from "node:fs";

/** One finished artifact: its key says what it was made from, its result is what the report needs of it. */
export interface Finished {
  readonly key: string;
  readonly result: unknown;
}

/**
 * The run's `log.ndjson`: one line an event, appended as things happen. Its "finished" lines are the memory
 * that makes a run resumable: an artifact counts as done only when its line is complete. They stay in the file, and are read when they are asked
 * for: what is held is where each begins.
 */
export interface Journal {
  /** What the log says of an artifact, from this run or an earlier one. */
  find(stage: string, id: string): Finished | undefined;
  finish(stage: string, id: string, finished: Finished): void;
  /** Any other event worth keeping: begin, warning, failure, end. */
  note(event: string, details: Readonly<Record<string, unknown>>): void;
  close(): void;
}

interface Line {
  readonly event: string;
  readonly stage: string;
  readonly id: string;
  readonly key: string;
  readonly result: unknown;
}

/** Opens or creates the log. A last line cut off by a kill is dropped; its artifact is made again. */
export function openJournal(path: string): Journal {
  const file = openSync(path, "a+");
  // Of each stage: the first byte of each id's line.
  const places = new Map<string, Map<string, number>>();
  const remember = (stage: string, id: string, place: number): void => {
    const inStage = places.get(stage) ?? new Map<string, number>();
    places.set(stage, inStage.set(id, place));
  };
  let end = 0;
  for (const { text, next } of completeLines(file)) {
    const line = parseFinished(text);
    if (line !== null) remember(line.stage, line.id, end);
    end = next;
  }
  ftruncateSync(file, end);

  const readLine = lineReader(file);
  const append = (line: object): void => {
    const text = `${JSON.stringify(line)}\n`;
    writeFileSync(file, text);
    end += Buffer.byteLength(text);
  };
  return {
    find(stage, id) {
      const place = places.get(stage)?.get(id);
      if (place === undefined) return undefined;
      const { key, result } = JSON.parse(readLine(place)) as Line;
      return { key, result };
    },
    finish(stage, id, { key, result }) {
      const place = end;
      append({ event: "finished", stage, id, key, result });
      remember(stage, id, place);
    },
    note: (event, details) => append({ event, time: new Date().toISOString(), ...details }),
    close: () => closeSync(file),
  };
}

/** A line of a finished artifact; null for other events, and for a damaged line, whose artifact is made again. */
function parseFinished(text: string): Line | null {
  if (!text.startsWith('{"event":"finished"')) return null;
  try {
    return JSON.parse(text) as Line;
  } catch {
    return null;
  }
}

const NEWLINE = 0x0a;
/** Bytes that are read at once. */
const BLOCK = 2 ** 16;

/** The lines of a file that end, and where the next one begins. */
function* completeLines(file: number): Generator<{ readonly text: string; readonly next: number }> {
  const block = Buffer.alloc(BLOCK);
  let rest: Buffer = Buffer.alloc(0);
  let start = 0;
  for (;;) {
    const count = readSync(file, block, 0, BLOCK, start + rest.length);
    if (count === 0) return;
    const bytes = Buffer.concat([rest, block.subarray(0, count)]);
    let from = 0;
    for (let stop = bytes.indexOf(NEWLINE); stop >= 0; stop = bytes.indexOf(NEWLINE, from)) {
      const text = bytes.toString("utf8", from, stop);
      from = stop + 1;
      yield { text, next: start + from };
    }
    rest = bytes.subarray(from);
    start += from;
  }
}

/** Reads the line that begins at a byte. The block around the last one is kept: reports ask for lines about in their order. */
function lineReader(file: number): (place: number) => string {
  let block: Buffer = Buffer.alloc(0);
  let start = 0;
  const stopAfter = (place: number): number => (place < start ? -1 : block.indexOf(NEWLINE, place - start));
  return (place) => {
    for (let length = BLOCK; stopAfter(place) < 0; length *= 2) {
      start = Math.max(0, place - length / 4);
      const bytes = Buffer.alloc(length);
      block = bytes.subarray(0, readSync(file, bytes, 0, length, start));
      if (block.length < length && stopAfter(place) < 0)
        throw new Error(`no line at byte ${place} of the log`);
    }
    return block.toString("utf8", place - start, stopAfter(place));
  };
}
