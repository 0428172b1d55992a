import { appendFileSync, createReadStream, createWriteStream, rmSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { Size } from "../../core/geometry.ts";
import { openTextFile } from "./text-file.ts";

/** A file of COCO's JSON that is written as annotations come, one a line; images wait in a file beside it for their turn. */
export interface CocoFile {
  /** Returns the image's number, counted from 1. */
  addImage(file: string, size: Size): number;
  addAnnotation(json: object): void;
  finish(categories: readonly object[]): Promise<void>;
}

export function openCocoFile(path: string): CocoFile {
  const waiting = `${path}.images`;
  const annotations = openTextFile(path);
  const images = openTextFile(waiting);
  let imageCount = 0;
  let annotationCount = 0;
  annotations.write('{"annotations":[');
  return {
    addImage(file, { height, width }) {
      const image = { file_name: file, height, id: ++imageCount, width };
      images.write(`${imageCount === 1 ? "" : ",\n"}${JSON.stringify(image)}`);
      return imageCount;
    },
    addAnnotation(json) {
      annotations.write(`${++annotationCount === 1 ? "\n" : ",\n"}${JSON.stringify(json)}`);
    },
    async finish(categories) {
      images.close();
      annotations.write(`\n],\n"categories":${JSON.stringify(categories)},\n"images":[\n`);
      annotations.close();
      await pipeline(createReadStream(waiting), createWriteStream(path, { flags: "a" }));
      appendFileSync(path, "\n]}\n");
      rmSync(waiting);
    },
  };
}
