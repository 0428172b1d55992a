import type { Point } from "../core/geometry.ts";
import type { Random } from "../core/random.ts";
import type { Backdrop } from "./backdrop.ts";
import type { StuffName } from "./model.ts";
import { objectClasses } from "./objects/catalog.ts";
import { pick } from "./scalar.ts";
import type { PatternName } from "./texture.ts";

/** What a caption needs to know of an object that can be seen. */
interface Mention {
  readonly classId: number;
  readonly colorName: string;
  readonly patternName: PatternName;
  readonly point: Point;
  readonly area: number;
}

/**
 * Three captions: what there is ("a car and two trees on grass"), the largest object with its looks ("a red
 * striped car on grass"), and where two objects are ("a red car left of a tree"), the last with two or more.
 * The first names every class present.
 */
export function describeScene(
  r: Random,
  regions: readonly { readonly classId: number; readonly point: Point; readonly area: number }[],
  looks: readonly { readonly colorName: string; readonly patternName: PatternName }[],
  { stuffs, isUnderWater }: Backdrop,
): string[] {
  const place = isUnderWater ? "under water" : placeOf(stuffs[0]);
  const mentions = regions
    .map(({ classId, point, area }, k) => ({
      classId,
      point,
      area,
      colorName: looks[k].colorName,
      patternName: looks[k].patternName,
    }))
    .filter(({ classId }) => classId !== 0)
    .sort((a, b) => b.area - a.area);
  if (mentions.length === 0)
    return [`${place === "under water" ? "an empty scene" : "nothing but clutter"} ${place}`];
  const captions = [`${listing(mentions)} ${place}`, `${withLooks(mentions[0])} ${place}`];
  if (mentions.length > 1) {
    const other = mentions[1 + r.integer(mentions.length - 1)];
    captions.push(
      `${withLooks(mentions[0])} ${relation(mentions[0].point, other.point)} ${pick(r, [withArticle(nameOf(other)), withLooks(other)])}`,
    );
  }
  return captions;
}

function placeOf(stuff: StuffName): string {
  return stuff === "road"
    ? "on a road"
    : stuff === "floor"
      ? "on a floor"
      : stuff === "wall"
        ? "before a wall"
        : stuff === "sky"
          ? "in the sky"
          : `on ${stuff}`;
}

function nameOf({ classId }: Mention): string {
  return objectClasses[classId - 1].name;
}

/** "a car, two trees and a cat": by size of the largest of each class. */
function listing(mentions: readonly Mention[]): string {
  const counts = new Map<number, number>();
  for (const { classId } of mentions) counts.set(classId, (counts.get(classId) ?? 0) + 1);
  const words = [...counts].map(([classId, count]) => {
    const { name, plural } = objectClasses[classId - 1];
    return count === 1 ? withArticle(name) : `${["two", "three", "four"][count - 2] ?? "many"} ${plural}`;
  });
  return words.length === 1 ? words[0] : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

function withLooks(mention: Mention): string {
  const { colorName, patternName } = mention;
  return withArticle(`${colorName}${patternName === "plain" ? "" : ` ${patternName}`} ${nameOf(mention)}`);
}

function withArticle(words: string): string {
  return `${/^[aeiou]/.test(words) ? "an" : "a"} ${words}`;
}

function relation(from: Point, to: Point): string {
  const dx = from.x - to.x;
  const dy = from.y - to.y;
  if (Math.abs(dx) > Math.abs(dy)) return dx < 0 ? "left of" : "right of";
  return dy < 0 ? "above" : "below";
}
