import { mixColors, rgb, scaleColor } from "../color.ts";
import type { ObjectClass, PartModel } from "../model.ts";
import { limb, polygon, roundedBox } from "../outline.ts";
import { chance } from "../scalar.ts";

export const chair: ObjectClass = {
  name: "chair",
  plural: "chairs",
  parts: ["seat", "back", "leg"],
  telling: ["back", "seat"],
  stature: 0.9,
  stance: "stands",
  home: ["floor"],
  build(r, { main, second }) {
    const half = r.between(0.24, 0.34);
    const seat = r.between(-0.5, -0.42);
    const depth = r.between(0.06, 0.12);
    const wood = mixColors(second, rgb(140, 95, 60), 0.7);
    const skew = r.between(0.08, 0.16);
    const leg = (x: number, top: number, bottom: number, shade: number): PartModel => ({
      part: "leg",
      layers: [
        {
          outline: limb([x, top, 0.032], [x * 1.08, bottom, 0.024]),
          color: scaleColor(wood, shade),
          bulge: [0.8, 0],
        },
      ],
    });
    const slats = chance(r, 0.5);
    const back: PartModel = {
      part: "back",
      layers: slats
        ? [
            {
              outline: limb([-half + skew, seat, 0.03], [-half + skew, -0.98, 0.03]),
              color: wood,
              bulge: [0.8, 0],
            },
            {
              outline: limb([half + skew, seat, 0.03], [half + skew, -0.98, 0.03]),
              color: wood,
              bulge: [0.8, 0],
            },
            ...[-0.93, -0.8, -0.67].map((y) => ({
              outline: limb([-half + skew, y, 0.034], [half + skew, y, 0.034]),
              color: wood,
              bulge: [0, 0.7] as const,
            })),
          ]
        : [
            {
              outline: roundedBox(-half + skew - 0.03, -1, half + skew + 0.03, seat + 0.02, 0.08),
              color: main,
              bulge: [0.3, 0.4],
              patterned: true,
            },
          ],
    };
    return [
      leg(-half + skew, seat, -0.07, 0.6),
      leg(half + skew, seat, -0.07, 0.6),
      back,
      leg(-half, seat + depth * 0.5, 0, 1),
      leg(half, seat + depth * 0.5, 0, 1),
      {
        part: "seat",
        layers: [
          {
            outline: polygon(
              [-half - 0.05, seat + depth],
              [half + 0.04, seat + depth],
              [half + skew + 0.05, seat - 0.02],
              [-half + skew - 0.03, seat - 0.02],
            ),
            color: main,
            bulge: [0.2, 0.6],
            patterned: true,
          },
          {
            outline: polygon(
              [-half - 0.05, seat + depth],
              [half + 0.04, seat + depth],
              [half + 0.04, seat + depth + 0.05],
              [-half - 0.05, seat + depth + 0.05],
            ),
            color: scaleColor(main, 0.55),
          },
        ],
      },
    ];
  },
};
