import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";

/** One finished artifact: its key says what it was made from, its result is what the report needs of it. */
export interface Finished {
  readonly key: string;
  readonly result: unknown;
}

/**
 * The run's `log.ndjson`: one line an event, appended as things happen. Its "finished" lines are the memory
 * that makes a run resumable: an artifact counts as done only when its line is complete.
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
  const finished = new Map<string, Finished>();
  const complete = existsSync(path) ? readLines(path, finished) : 0;
  const file = openSync(path, "a");
  ftruncateSync(file, complete);

  const append = (line: object): void => {
    writeFileSync(file, `${JSON.stringify(line)}\n`);
  };
  return {
    find: (stage, id) => finished.get(`${stage}/${id}`),
    finish: (stage, id, { key, result }) => {
      finished.set(`${stage}/${id}`, { key, result });
      append({ event: "finished", stage, id, key, result });
    },
    note: (event, details) => append({ event, time: new Date().toISOString(), ...details }),
    close: () => closeSync(file),
  };
}

/** Reads the finished lines into the map; returns the length of the complete lines in bytes. */
function readLines(path: string, finished: Map<string, Finished>): number {
  const bytes = readFileSync(path);
  const complete = bytes.lastIndexOf(0x0a) + 1;
  for (const text of bytes.toString("utf8", 0, complete).split("\n")) {
    if (!text.startsWith('{"event":"finished"')) continue;
    try {
      const { stage, id, key, result } = JSON.parse(text) as Line;
      finished.set(`${stage}/${id}`, { key, result });
    } catch {
      // A damaged line means its artifact is made again, nothing worse.
    }
  }
  return complete;
}
