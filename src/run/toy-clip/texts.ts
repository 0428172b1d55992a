import { type Random, shuffled } from "../../core/random.ts";
import { backdropNouns, classNouns } from "./words.ts";

/** A text for a view. */
export interface ViewText {
  readonly text: string;
  /** The nouns in it; it is right for every view that shows them all. Null: it says more, and is right for its own view alone. */
  readonly claims: readonly string[] | null;
}

/** Prompts as people write them; "{}" alone is what follows a learned context. */
const prompts = [
  "{}.",
  "{}.",
  "a photo of {}.",
  "a picture of {}.",
  "a good photo of {}.",
  "there is {}.",
  "the picture of {} in a scene.",
];
/** What CLIP-ES tells CLIP, and so the commands tell any. */
const cleanPrompt = "a clean origami {}.";

/** A word that is not known. */
const FILLER = "x ";

/** Share of the texts with two sentences: they teach the places that names have behind a learned context. */
const TWO_SENTENCES = 0.25;

/** Most words before a noun: as many as a learned context has vectors. */
const MAX_FILLER = 16;

/** A text that says a noun and nothing else: a prompt, or words without meaning before it, as a learned context is at first. */
export function writeNoun(noun: string, r: Random): string {
  if (r.next() < 0.5) return `${FILLER.repeat(r.integer(MAX_FILLER + 1))}${noun}.`;
  return (r.next() < 0.4 ? cleanPrompt : prompts[r.integer(prompts.length)]).replace("{}", noun);
}

/** A text of one or two sentences that is right for a view of these facts. */
export function writeText(facts: ReadonlySet<string>, r: Random): ViewText {
  const first = writeSentence(facts, r);
  if (r.next() >= TWO_SENTENCES) return first;
  const second = writeSentence(facts, r);
  return {
    text: `${first.text} ${second.text}`,
    claims: [...new Set([...(first.claims ?? []), ...(second.claims ?? [])])],
  };
}

function writeSentence(facts: ReadonlySet<string>, r: Random): ViewText {
  const claims = chooseClaims(facts, r);
  if (claims.length === 1 && r.next() < 0.25) return { text: cleanPrompt.replace("{}", claims[0]), claims };
  const prompt = prompts[r.integer(prompts.length)];
  const nouns = claims.map((noun) => (r.next() < 0.5 || !classNouns.includes(noun) ? noun : `a ${noun}`));
  return { text: prompt.replace("{}", nouns.join(" and ")), claims };
}

/** One or two classes, where there are any; a backdrop at times, or where there is nothing else. */
function chooseClaims(facts: ReadonlySet<string>, r: Random): string[] {
  const classes = shuffled(
    classNouns.filter((noun) => facts.has(noun)),
    r,
  );
  const backdrops = shuffled(
    backdropNouns.filter((noun) => facts.has(noun)),
    r,
  );
  const isBackdrop = classes.length === 0 || r.next() < 0.05;
  if (isBackdrop && backdrops.length > 0) return backdrops.slice(0, 1 + r.integer(2));
  const named = classes.slice(0, r.next() < 0.8 ? 1 : 2);
  return r.next() < 0.1 ? [...named, ...backdrops.slice(0, 1)] : named;
}

/**
 * How right each text is for each picture, as distributions: all that are right get the same share. A picture's own text always is.
 *
 * @returns rows [B, B] add up to 1, as do the columns of columns [B, B]
 */
export function alignTexts(
  facts: readonly ReadonlySet<string>[],
  texts: readonly ViewText[],
): { readonly rows: Float32Array; readonly columns: Float32Array } {
  const count = facts.length;
  const isRight = (i: number, j: number): boolean =>
    i === j || (texts[j].claims?.every((noun) => facts[i].has(noun)) ?? false);
  const right = Uint8Array.from({ length: count * count }, (_, p) => {
    const j = p % count;
    return isRight((p - j) / count, j) ? 1 : 0;
  });
  const [ofRow, ofColumn] = [new Float64Array(count), new Float64Array(count)];
  right.forEach((value, p) => {
    ofRow[Math.floor(p / count)] += value;
    ofColumn[p % count] += value;
  });
  return {
    rows: Float32Array.from(right, (value, p) => value / ofRow[Math.floor(p / count)]),
    columns: Float32Array.from(right, (value, p) => value / ofColumn[p % count]),
  };
}
