import type { NdArray } from "../../core/array.ts";
import type { RgbImage } from "../../core/image.ts";
import { mirrorRows } from "../../core/mirror.ts";
import { random, shuffled } from "../../core/random.ts";
import type { Arrays } from "../../engine/runtime.ts";
import { toyClipConfig } from "../../models/clip/config.ts";
import { normalizeClipImage } from "../../models/clip/preprocess.ts";
import { tokenizeTexts } from "../../models/clip/tokenizer.ts";
import { createWordTokenizer } from "../../models/clip/word-tokenizer.ts";
import { drawScene } from "../../scenes/scene.ts";
import { alignTexts, type ViewText, writeText } from "../toy-clip/texts.ts";
import { cutViews, type View, wholeView } from "../toy-clip/views.ts";
import { toyWords } from "../toy-clip/words.ts";

export interface ToyClipTask {
  readonly seed: number;
  /** From 0. */
  readonly step: number;
  /** Different scenes of the training. */
  readonly scenes: number;
  /** Scenes of a step, and views of each; the first is the whole scene. */
  readonly scenesOfStep: number;
  readonly views: number;
  /** Tokens of a text. */
  readonly length: number;
}

/** Sides of scenes, px: about those that the trained network reads. */
const SIDES = { low: 176, high: 256 };
/** Squares that are cut out of a scene and kept. */
const CUT_VIEWS = 5;
/** Share of whole scenes that have a caption of the generator instead of a prompt. */
const CAPTIONED = 0.7;

/** Draws what a step of `toy-clip`'s training is fed: views of scenes and texts for them. It depends on the seed and the step alone. */
export function drawToyBatch(task: ToyClipTask): Arrays {
  const { seed, step, scenes, scenesOfStep, views: viewCount, length } = task;
  const { side } = toyClipConfig.vision;
  const r = random(`toy-clip ${seed} step ${step}`);
  const tokenizer = createWordTokenizer(toyWords, toyClipConfig.text.vocabulary);
  const views: View[] = [];
  const texts: ViewText[] = [];
  for (let k = 0; k < scenesOfStep; k++) {
    const { captions, whole, cut } = keptViews(`toy-clip-${seed}-${r.integer(scenes)}`);
    const caption = captions[r.integer(captions.length)];
    const isCaptioned = r.next() < CAPTIONED && tokenizer.encode(caption).length + 2 <= length;
    views.push(whole);
    texts.push(isCaptioned ? { text: caption, claims: null } : writeText(whole.facts, r));
    for (const view of shuffled(cut, r).slice(0, viewCount - 1)) {
      views.push(r.next() < 0.5 ? view : { ...view, image: mirrorImage(view.image) });
      texts.push(writeText(view.facts, r));
    }
  }
  const batch = views.length;
  const size = 3 * side * side;
  const pixels = new Float32Array(batch * size);
  views.forEach(({ image }, b) => {
    pixels.set(normalizeClipImage(image).data, b * size);
  });
  const { ids, ends } = tokenizeTexts(
    texts.map(({ text }) => text),
    tokenizer,
    { contextLength: length, truncate: true },
  );
  const { rows, columns } = alignTexts(
    views.map(({ facts }) => facts),
    texts,
  );
  const pairs = (data: Float32Array): NdArray => ({ dtype: "float32", shape: [batch, batch], data });
  return {
    pixels: { dtype: "float32", shape: [batch, 3, side, side], data: pixels },
    tokens: { dtype: "int32", shape: [batch, length], data: ids },
    ends: { dtype: "int32", shape: [batch], data: ends },
    rows: pairs(rows),
    columns: pairs(columns),
  };
}

/** A scene as it is kept: drawing and cutting it takes as long as half a step. */
interface KeptViews {
  readonly captions: readonly string[];
  readonly whole: View;
  readonly cut: readonly View[];
}

/** Scenes by their ids, drawn when they are first needed. */
const kept = new Map<string, KeptViews>();

function keptViews(id: string): KeptViews {
  const known = kept.get(id);
  if (known !== undefined) return known;
  const r = random(`${id} views`);
  const length = Math.round(r.between(SIDES.low, SIDES.high));
  const scene = drawScene(id, { size: { height: length, width: length } });
  const { side } = toyClipConfig.vision;
  const views = {
    captions: scene.captions,
    whole: wholeView(scene, side),
    cut: cutViews(scene, CUT_VIEWS, side, r),
  };
  kept.set(id, views);
  return views;
}

function mirrorImage(image: RgbImage): RgbImage {
  return { ...image, data: mirrorRows(image.data, image.width, 3) };
}
