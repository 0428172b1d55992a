import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";
import type { TrainLog } from "../engine/train.ts";

/**
 * One line of a training log: the step, its learning rate, the loss and what else a step reports, and where the run was validated after it,
 * what that gave.
 */
export type TrainLine = { readonly step: number; readonly rate: number } & Readonly<Record<string, number>>;

/** A training log, one JSON object a line. Nothing in it depends on the clock: a run that was stopped leaves the same bytes as one that was not. */
export interface TrainLogFile {
  /** Everything logged so far, earlier runs included. */
  readonly lines: readonly TrainLine[];
  append(log: TrainLog): void;
  close(): void;
}

/**
 * Opens or creates a training log. Lines of steps after `startStep`, which are about to be made again, are dropped, and a last line cut off
 * by a kill with them.
 */
export function openTrainLog(path: string, startStep: number): TrainLogFile {
  const lines: TrainLine[] = [];
  let kept = 0;
  if (existsSync(path)) {
    for (const text of readFileSync(path, "utf8").split("\n").slice(0, -1)) {
      const line = JSON.parse(text) as TrainLine;
      if (line.step > startStep) break;
      lines.push(line);
      kept += Buffer.byteLength(text) + 1;
    }
  }
  const file = openSync(path, "a");
  ftruncateSync(file, kept);
  return {
    lines,
    append({ step, rate, numbers }) {
      const line = { step, rate, ...numbers };
      lines.push(line);
      writeFileSync(file, `${JSON.stringify(line)}\n`);
    },
    close: () => closeSync(file),
  };
}
