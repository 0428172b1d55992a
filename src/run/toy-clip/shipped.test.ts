import { expect, it } from "vitest";
import { unitRows } from "../../core/unit-rows.ts";
import { openWeightFile } from "../../engine/node.ts";
import { seedFromCam } from "../../methods/fma/cam-seed.ts";
import { createClipCam } from "../../methods/fma/clip-cam.ts";
import { clipEsText } from "../../methods/fma/recipes.ts";
import { createClip } from "../../models/clip/clip.ts";
import { toyClipConfig } from "../../models/clip/config.ts";
import { readWords } from "../../models/clip/word-tokenizer.ts";
import { findModel } from "../../models/registry.ts";
import { drawScene } from "../../scenes/scene.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import { bundledFile } from "../store/bundled-file.ts";
import { classNouns, nouns } from "./words.ts";

/** Scenes that no training has seen. */
const scenes = Array.from({ length: 8 }, (_, k) =>
  drawScene(`shipped-${k}`, { size: { height: 192, width: 256 } }),
);

it("finds in scenes what it is told by name, and less by other names", async (test) => {
  const runtime = await tryRuntime("toy-clip");
  if (runtime === null) return test.skip();
  const file = openWeightFile(bundledFile(findModel("toy-clip"), "weights")?.path ?? "");
  const tokenizer = readWords(file, toyClipConfig.text.vocabulary);
  const clip = createClip(file, toyClipConfig, runtime);
  const cams = createClipCam({ weights: clip.weights, config: toyClipConfig }, runtime, {
    classCount: classNouns.length,
    scale: clip.logitScale,
  });
  /** Mean IoU of the classes of all scenes. */
  const meanIou = async (names: readonly string[]): Promise<number> => {
    const texts = unitRows(await clip.encodeTexts(names.map(clipEsText), tokenizer));
    const ious: number[] = [];
    for (const { image, labels, tags } of scenes) {
      const cam = await cams.camOf(await clip.encodeImage(image), texts, tags);
      const { data } = seedFromCam(cam, image, { background: { kind: "power", power: 1 } });
      for (const tag of tags) {
        const count = (test: (p: number) => boolean): number => data.filter((_, p) => test(p)).length;
        const both = count((p) => data[p] === tag && labels.data[p] === tag);
        ious.push(both / count((p) => data[p] === tag || labels.data[p] === tag));
      }
    }
    return ious.reduce((a, b) => a + b) / ious.length;
  };
  const right = await meanIou(nouns);
  // Each class by the name of the next but six.
  const others = classNouns.map((_, k) => classNouns[(k + 7) % classNouns.length]);
  const wrong = await meanIou([...others, ...nouns.slice(classNouns.length)]);
  console.log(`toy-clip: IoU ${right.toFixed(3)}, by other names ${wrong.toFixed(3)}`);
  // 0.17 and 0.07 when these weights were made.
  expect(right).toBeGreaterThan(0.12);
  expect(right).toBeGreaterThan(1.5 * wrong);
  await cams.dispose();
  await clip.dispose();
  file.close();
});
