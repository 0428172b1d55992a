import { borderDepths } from "../../core/border-depth.ts";
import type { Box, Point } from "../../core/geometry.ts";
import type { Mask } from "../../core/mask.ts";
import type { Random } from "../../core/random.ts";
import { pointKinds } from "../../models/sam/prompt-encoder.ts";

/** A prompt about one mask: two points, the second of a point's prompt is padding. */
export interface MaskPrompt {
  /** px of the window as the model means them, see `shareOfSide`. */
  readonly points: readonly Point[];
  readonly kinds: readonly number[];
}

/** A box, off by a twentieth of its sides (standard deviation, at most 10 px) half of the time, kept in a window of `side` px. */
export function askByBox({ x0, y0, x1, y1 }: Box, side: number, r: Random): MaskPrompt {
  const isOff = r.next() < 0.5;
  const off = (length: number): number =>
    isOff ? Math.max(-10, Math.min(10, 0.05 * length * r.normal())) : 0;
  const within = (value: number): number => Math.max(0, Math.min(side, value)) + 0.5;
  const corner = (x: number, y: number): Point => ({
    x: within(x + off(x1 - x0)),
    y: within(y + off(y1 - y0)),
  });
  return {
    points: [corner(x0, y0), corner(x1, y1)],
    kinds: [pointKinds.topLeft, pointKinds.bottomRight],
  };
}

/** The middle of the deepest pixel of a mask half of the time, of any of its pixels otherwise; the mask has one. */
export function askByPoint({ height, width, data }: Mask, r: Random): MaskPrompt {
  const own: number[] = [];
  for (let p = 0; p < data.length; p++) if (data[p] === 1) own.push(p);
  let chosen = own[r.integer(own.length)];
  if (r.next() < 0.5) {
    const depths = borderDepths(data, { height, width });
    for (const p of own) if (depths[p] > depths[chosen]) chosen = p;
  }
  const j = chosen % width;
  return {
    points: [
      { x: j + 0.5, y: (chosen - j) / width + 0.5 },
      { x: 0, y: 0 },
    ],
    kinds: [pointKinds.positive, pointKinds.padding],
  };
}
