import { join } from "node:path";
import { random } from "../core/random.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { encodeJpeg } from "../data/photo.ts";
import { findModel } from "../models/registry.ts";
import { samConfigs } from "../models/sam/config.ts";
import { randomTensors } from "../models/sam/testing/tiny-sam.ts";
import { importFile } from "../run/store/import-file.ts";
import { writeTree } from "./tree.ts";

/** Class names of what `writePartScenes` draws. */
export const partNames: readonly string[] = ["disc", "bar"];

/** Writes drawn photos of a disc and a bar each: `images/part-0.jpg`, … and `parts.csv` with their boxes, `parts.txt` with their names. */
export async function writePartScenes(folder: string, count: number): Promise<string[]> {
  const [height, width] = [48, 64];
  const lines = ["file,class,x0,y0,x1,y1"];
  const ids = Array.from({ length: count }, (_, k) => `part-${k}`);
  for (const id of ids) {
    const { integer } = random(id);
    const data = new Uint8Array(height * width * 3).fill(120);
    const [disc, bar] = [
      { x: 4 + integer(20), y: 4 + integer(20) },
      { x: 40 + integer(8), y: 2 + integer(8) },
    ];
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const radius = Math.hypot(j + 0.5 - disc.x - 6, i + 0.5 - disc.y - 6);
        if (radius < 6) data.set([220, 40, 30], (i * width + j) * 3);
        if (j >= bar.x && j < bar.x + 6 && i >= bar.y && i < bar.y + 30)
          data.set([20, 60, 200], (i * width + j) * 3);
      }
    writeTree(folder, { [`images/${id}.jpg`]: await encodeJpeg({ height, width, data }) });
    lines.push(`${id}.jpg,disc,${disc.x},${disc.y},${disc.x + 12},${disc.y + 12}`);
    lines.push(`${id}.jpg,bar,${bar.x},${bar.y},${bar.x + 6},${bar.y + 30}`);
  }
  writeTree(folder, { "parts.csv": `${lines.join("\n")}\n`, "parts.txt": `${partNames.join("\n")}\n` });
  return ids;
}

/** Imports a MobileSAM of random weights into `home`, as $MASKWRIGHT_HOME: the smallest model that gives its prompt tokens. */
export async function importRandomModel(home: string): Promise<void> {
  const file = join(home, "random.safetensors");
  writeTree(home, { "random.safetensors": writeSafetensors(randomTensors(samConfigs["mobile-sam"])) });
  await importFile(join(home, "models"), findModel("mobile-sam"), file, new AbortController().signal);
}
