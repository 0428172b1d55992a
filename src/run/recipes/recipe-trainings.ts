import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import type { ReportTraining } from "../report/report.ts";
import type { TrainLine } from "../train-log.ts";

/** What was trained in a stage, by the logs in its folder: "segmenter", "seeds: classification", "seeds: head". */
export function stageTrainings(stage: string, dir: string): ReportTraining[] {
  return trainLogs(dir).flatMap((path) => {
    const lines = readLines(path);
    const part = basename(path) === "training.ndjson" ? dirname(path) : path.slice(0, -".ndjson".length);
    const inside = relative(dir, part).split(sep).join("/");
    return lines.length === 0 ? [] : [{ name: inside === "" ? stage : `${stage}: ${inside}`, lines }];
  });
}

/** Files that training logs go to: of a run, of one in a folder of it, of a classifier's head. */
function trainLogs(dir: string): string[] {
  const folders = readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
  const places = [
    "training.ndjson",
    "head.ndjson",
    ...folders.sort().map((name) => join(name, "training.ndjson")),
  ];
  return places.map((place) => join(dir, place)).filter((path) => existsSync(path));
}

function readLines(path: string): TrainLine[] {
  const texts = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return texts.map((text) => JSON.parse(text) as TrainLine);
}
