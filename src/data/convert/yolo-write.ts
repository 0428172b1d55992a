import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CreateOptions } from "./format.ts";
import { joinRings, outlinesInside } from "./outlines.ts";
import { photoExtension, placePhoto } from "./photos.ts";
import type { AnnotationTarget } from "./picture.ts";
import { SETTINGS } from "./yolo-settings.ts";

/** Coordinates are shares of the picture's sides: at 100,000 pixels the last digit is a two hundredth of one. */
const DIGITS = 7;

export function createYolo(path: string, { photos, lose, warn }: CreateOptions): AnnotationTarget {
  mkdirSync(path);
  const used = new Set<string>();
  return {
    write(picture) {
      const { id, split, photo, annotations } = picture;
      const folder = split ?? "train";
      used.add(folder);
      let seams = 0;
      const lines = annotations.map((annotation) => {
        const rings = outlinesInside(annotation, picture);
        if (rings.length > 1) seams++;
        const points = joinRings(rings).map((value, k) =>
          share(value / (k % 2 === 0 ? picture.width : picture.height)),
        );
        return `${annotation.classId - 1} ${points.join(" ")}\n`;
      });
      lose("seams", id, seams);
      const file = join(path, "labels", folder, `${id}.txt`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, lines.join(""));
      if (photo !== null)
        placePhoto(photo, join(path, "images", folder, `${id}${photoExtension(picture)}`), photos);
    },
    finish(classes) {
      const named = (split: string): string => `images/${used.has(split) ? split : [...used].sort()[0]}`;
      if (!used.has("val"))
        warn(
          "Ultralytics wants pictures to validate with, and there is no split called val: data.yaml names the same ones twice; see --val",
        );
      const others = [...used].filter((split) => split !== "train" && split !== "val").sort();
      const lines = [
        ...["train", "val", ...others].map(
          (split) =>
            `${/^\w+$/.test(split) ? split : JSON.stringify(split)}: ${JSON.stringify(named(split))}`,
        ),
        "names:",
        ...classes.slice(1).map((name, k) => `  ${k}: ${JSON.stringify(name)}`),
      ];
      writeFileSync(join(path, SETTINGS), `${lines.join("\n")}\n`);
    },
  };
}

/** Digits that no coordinate needs are left out. */
function share(value: number): string {
  return String(Number(value.toFixed(DIGITS)));
}
