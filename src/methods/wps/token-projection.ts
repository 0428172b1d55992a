import type { NdArray } from "../../core/array.ts";
import type { Point, Size } from "../../core/geometry.ts";
import type { Prompt } from "../../models/sam/prompt.ts";
import type { Sam } from "../../models/sam/sam.ts";

type Floats = NdArray<"float32">;

/** What a prompter's tokens say about, as it was taught: see `teachParts`. */
export type PromptKind = "box" | "point";

/** The prompts that predicted tokens come nearest to. */
export interface TokenProjection {
  /**
   * For each token of each part the nearest that the prompt encoder gives of any place.
   *
   * @param tokens  [K, T, C]
   * @returns       [K, T, C]
   */
  project(tokens: Floats): Promise<Floats>;
}

/** Places a side in the first look, which must not miss the nearest: a code's finest waves are a few times as long. */
const PLACES = 64;
/** Places a side around the nearest in each later look, and how many looks there are: the last is in steps of 1/1024 of the side. */
const NEAR = 9;
const LOOKS = 2;
/** Of the square in which places are counted; any will do. */
const SQUARE: Size = { height: 1024, width: 1024 };

/**
 * Tokens as a prompt encoder gives them: each predicted token is replaced by the nearest (Euclidean) token of a place, found on a grid of
 * 64×64 places and then in two finer looks around. A token that stands for no place, such as the one that pads a point, becomes itself.
 *
 * A predicted token is a mean of what it might be: its waves are weaker, the finer the weaker, and SAM's decoder has seen nothing like it.
 * The nearest place uses all channels at once.
 *
 * Not in WPS-SAM, whose tokens go to the decoder as they are.
 */
export async function openTokenProjection(sam: Sam, kind: PromptKind): Promise<TokenProjection> {
  const tokensAt = (places: readonly Point[]): Promise<Floats> =>
    sam.promptTokens(
      places.map((place) => promptAt(place, kind)),
      SQUARE,
      { precision: "float64" },
    );
  const places = squareOf({ x: 0.5, y: 0.5 }, PLACES, 1 / PLACES);
  const known = await tokensAt(places);
  return {
    async project(tokens) {
      const [parts, count] = tokens.shape;
      let near = known;
      let chosen = Array.from({ length: parts * count }, (_, n) =>
        nearest(tokens, n, known, 0, places.length),
      );
      let centers = chosen.map((index) => places[index]);
      let step = 1 / PLACES;
      for (let look = 0; look < LOOKS; look++) {
        step /= (NEAR - 1) / 2;
        const around = centers.map((center) => squareOf(center, NEAR, step));
        near = await tokensAt(around.flat());
        const each = NEAR * NEAR;
        chosen = around.map((_, n) => nearest(tokens, n, near, n * each, each));
        centers = chosen.map((index, n) => around[n][index - n * each]);
      }
      return gather(tokens, near, chosen);
    },
  };
}

/** A prompt all of whose tokens are of one place, in units of the square's side. */
function promptAt({ x, y }: Point, kind: PromptKind): Prompt {
  const at = { x: x * SQUARE.width, y: y * SQUARE.height };
  if (kind === "point") return { points: [{ ...at, positive: true }] };
  return { box: { x0: at.x, y0: at.y, x1: at.x, y1: at.y } };
}

/** side × side places around a center, row by row. */
function squareOf({ x, y }: Point, side: number, step: number): Point[] {
  const off = (index: number): number => (index - (side - 1) / 2) * step;
  return Array.from({ length: side * side }, (_, k) => ({
    x: x + off(k % side),
    y: y + off(Math.floor(k / side)),
  }));
}

/** Of the known tokens from `start` on the one nearest to token n, of its place among the tokens of a prompt; the first of equals. */
function nearest(tokens: Floats, n: number, known: Floats, start: number, count: number): number {
  const [, perPrompt, channels] = tokens.shape;
  const slot = n % perPrompt;
  const own = tokens.data.subarray(n * channels, (n + 1) * channels);
  let best = start;
  let least = Number.POSITIVE_INFINITY;
  for (let index = start; index < start + count; index++) {
    let at = (index * perPrompt + slot) * channels;
    let distance = 0;
    for (let c = 0; c < channels; c++, at++) distance += (own[c] - known.data[at]) ** 2;
    if (distance >= least) continue;
    least = distance;
    best = index;
  }
  return best;
}

/** The known tokens of the chosen prompts, in the form of the tokens. */
function gather(tokens: Floats, known: Floats, chosen: readonly number[]): Floats {
  const [, perPrompt, channels] = tokens.shape;
  const data = new Float32Array(tokens.data.length);
  chosen.forEach((index, n) => {
    const at = (index * perPrompt + (n % perPrompt)) * channels;
    data.set(known.data.subarray(at, at + channels), n * channels);
  });
  return { dtype: "float32", shape: tokens.shape, data };
}
