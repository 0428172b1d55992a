import type { Random } from "../../core/random.ts";
import { recolor } from "../../core/recolor.ts";
import { cropPicture, flipPicture, type TaughtPicture } from "../../methods/wps/augment.ts";

/**
 * A picture as it might also have been taken: mirrored or not, cut to 60 % to 100 % of its sides, in colors changed by up to 30 %.
 *
 * @param classes  index = class id; left and right parts change their names in a mirror
 */
export function varyPicture(
  picture: TaughtPicture,
  classes: readonly string[],
  random: Random,
): TaughtPicture {
  const seen = random.next() < 0.5 ? flipPicture(picture, classes) : picture;
  const share = random.between(0.6, 1);
  const [height, width] = [seen.image.height, seen.image.width].map((side) =>
    Math.max(1, Math.round(side * share)),
  );
  const y0 = random.integer(seen.image.height - height + 1);
  const x0 = random.integer(seen.image.width - width + 1);
  const factor = (): number => random.between(0.7, 1.3);
  const { image, weak } = cropPicture(seen, { x0, y0, x1: x0 + width, y1: y0 + height });
  const change = { brightness: factor(), contrast: factor(), saturation: factor() };
  return { image: recolor(image, change), weak };
}
