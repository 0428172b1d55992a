import type { Size } from "../core/geometry.ts";
import type { RgbImage } from "../core/image.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { encodeLabelMap } from "../data/label-file.ts";
import { encodeJpeg } from "../data/photo.ts";
import { tinyMobileNetTensors } from "../models/mobilenet/testing/tiny-mobilenet.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { drawScene } from "../scenes/scene.ts";
import { writeTree } from "./tree.ts";

const SIZE: Size = { height: 48, width: 64 };

/**
 * Writes drawn scenes with tags into a folder: `images`, `truth`, `tags.csv`, `classes.txt` and `tiny.safetensors`, a MobileNet of random
 * weights. Besides `count` scenes there are `thin`, 1 × 5000 px, `gray`, and `untagged`, which has a line without tags.
 */
export async function writeTaggedScenes(folder: string, count: number): Promise<void> {
  const tags = ["file,tags"];
  const write = async (id: string, image: RgbImage, classes: readonly number[]): Promise<void> => {
    tags.push(`${id}.jpg,${classes.map((c) => sceneClasses[c]).join(";")}`);
    writeTree(folder, { [`images/${id}.jpg`]: await encodeJpeg(image) });
  };
  for (let k = 0; k < count; k++) {
    const scene = drawScene(`scene-${k}`, { size: SIZE });
    await write(`scene-${k}`, scene.image, scene.tags);
    writeTree(folder, { [`truth/scene-${k}.png`]: encodeLabelMap(scene.labels) });
  }
  const { image, tags: classes } = drawScene("scene-0", { size: SIZE });
  const gray = image.data.map((_, at) => image.data[at - (at % 3)]);
  const thin = Uint8Array.from({ length: 3 * 5000 }, (_, at) => (at * 7) % 256);
  await write("gray", { ...image, data: gray }, classes);
  await write("thin", { height: 1, width: 5000, data: thin }, classes.slice(0, 1));
  await write("untagged", image, []);
  writeTree(folder, {
    "tags.csv": `${tags.join("\n")}\n`,
    "classes.txt": `${sceneClasses.join("\n")}\n`,
    "tiny.safetensors": writeSafetensors(tinyMobileNetTensors()),
  });
}
