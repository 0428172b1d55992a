import { elementCount, type NdArray } from "../../core/array.ts";
import { type Random, random } from "../../core/random.ts";
import type { Arrays } from "../../engine/runtime.ts";
import { toyClipConfig } from "../../models/clip/config.ts";
import { normalizeClipImage } from "../../models/clip/preprocess.ts";
import { tokenizeTexts } from "../../models/clip/tokenizer.ts";
import { createWordTokenizer } from "../../models/clip/word-tokenizer.ts";
import { halfConfig } from "../toy-clip/half-size.ts";
import { alignTexts, type ViewText, writeNoun, writeText } from "../toy-clip/texts.ts";
import {
  drawToyScene,
  factsOf,
  mirrorView,
  objectView,
  patchShares,
  type ToyScene,
  type View,
  wholeView,
} from "../toy-clip/views.ts";
import { classNouns, nouns, toyWords } from "../toy-clip/words.ts";

export interface ToyClipTask {
  readonly seed: number;
  readonly lesson: "objects" | "scenes";
  /** From 0. */
  readonly step: number;
  /** Different scenes of the training. */
  readonly scenes: number;
  /** Pictures of a step, and px of their sides. */
  readonly batch: number;
  readonly side: number;
  /** Tokens of a text. */
  readonly length: number;
}

/** Share of whole scenes that have a caption of the generator instead of a prompt. */
const CAPTIONED = 0.7;

/** Draws what a step of `toy-clip`'s training is fed, see `clipTraining`. It depends on the seed, the lesson and the step alone. */
export function drawToyBatch({ seed, lesson, step, scenes, batch, side, length }: ToyClipTask): Arrays {
  const { vision, text } = halfConfig(toyClipConfig);
  const r = random(`toy-clip ${seed} ${lesson} ${step}`);
  const tokenizer = createWordTokenizer(toyWords, text.vocabulary);
  const pairs = Array.from({ length: batch }, () => {
    const scene = keptScene(`toy-clip-${seed}-${r.integer(scenes)}`, vision.side);
    const view = chooseView(scene, lesson, side, r);
    const caption = scene.captions[r.integer(scene.captions.length)];
    const isCaptioned =
      lesson === "scenes" && r.next() < CAPTIONED && tokenizer.encode(caption).length + 2 <= length;
    // A mirrored scene would belie "left of".
    if (isCaptioned) return { view, text: { text: caption, claims: null } };
    const seen = r.next() < 0.5 ? view : mirrorView(view);
    return { view: seen, text: writeText(factsOf(view.shown), r) };
  });
  const views = pairs.map(({ view }) => view);
  const texts: ViewText[] = pairs.map((pair) => pair.text);
  const { rows, columns } = alignTexts(
    views.map(({ shown }) => factsOf(shown)),
    texts,
  );
  const written = [...nouns.map((noun) => writeNoun(noun, r)), ...texts.map((each) => each.text)];
  const { ids, ends } = tokenizeTexts(written, tokenizer, { contextLength: length, truncate: true });
  const floats = (shape: readonly number[], parts: readonly ArrayLike<number>[]): NdArray => {
    const data = new Float32Array(elementCount(shape));
    parts.forEach((part, b) => {
      data.set(part, (b * data.length) / parts.length);
    });
    return { dtype: "float32", shape, data };
  };
  const patches = (side / vision.patch) ** 2;
  return {
    pixels: floats(
      [batch, 3, side, side],
      views.map(({ image }) => normalizeClipImage(image).data),
    ),
    tokens: { dtype: "int32", shape: [written.length, length], data: ids },
    ends: { dtype: "int32", shape: [written.length], data: ends },
    subjects: floats([batch, classNouns.length], views.map(shareSubjects)),
    patches: floats(
      [batch * patches, nouns.length],
      views.map(({ shown }) => patchShares(shown, vision.patch)),
    ),
    rows: floats([batch, batch], [rows]),
    columns: floats([batch, batch], [columns]),
  };
}

function chooseView(scene: ToyScene, lesson: ToyClipTask["lesson"], side: number, r: Random): View {
  const { objects } = scene;
  if (lesson === "scenes") return wholeView(scene);
  if (objects.length > 0) return objectView(scene, objects[r.integer(objects.length)], side, r);
  // Of nothing: a square of the size of an object somewhere.
  const [x0, y0] = [r.integer(scene.image.width - side + 1), r.integer(scene.image.height - side + 1)];
  const view = objectView(scene, { noun: 0, box: { x0, y0, x1: x0 + side, y1: y0 + side } }, side, r);
  return { ...view, subjects: [] };
}

/** All that a view is a picture of get the same share; nothing, where it is of none. */
function shareSubjects({ subjects }: View): Float32Array {
  return Float32Array.from(classNouns, (_, noun) => (subjects.includes(noun) ? 1 / subjects.length : 0));
}

/** Scenes by their ids, drawn when they are first needed: drawing one takes longer than a step. */
const kept = new Map<string, ToyScene>();

function keptScene(id: string, side: number): ToyScene {
  const known = kept.get(id);
  if (known !== undefined) return known;
  const scene = drawToyScene(id, side);
  kept.set(id, scene);
  return scene;
}
