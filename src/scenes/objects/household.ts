import { hsl, mixColors, rgb, scaleColor } from "../color.ts";
import type { ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, polygon, roundedBox, smooth } from "../outline.ts";
import { chance } from "../scalar.ts";

export const cup: ObjectClass = {
  name: "cup",
  plural: "cups",
  parts: ["body", "handle", "saucer"],
  telling: ["body", "handle"],
  stature: 0.5,
  stance: "stands",
  home: ["floor", "cloth"],
  build(r, { main, second }) {
    const top = r.between(0.4, 0.52);
    const bottom = top * r.between(0.55, 0.95);
    const dip = r.between(0.06, 0.12);
    const reach = r.between(0.2, 0.3);
    const drink = chance(r, 0.6) ? hsl(0.07, 0.6, 0.16) : scaleColor(main, 0.6);
    const parts: PartModel[] = [
      {
        part: "handle",
        layers: [
          {
            outline: limb(
              top * 0.86,
              -0.78,
              0.055,
              top + reach * 0.8,
              -0.76,
              0.055,
              top + reach,
              -0.52,
              0.05,
              top + reach * 0.6,
              -0.3,
              0.05,
              bottom * 0.95,
              -0.26,
              0.05,
            ),
            color: main,
            bulge: [0.5, 0.5],
            gloss: 0.4,
          },
        ],
      },
      {
        part: "body",
        layers: [
          {
            outline: smooth(
              -top,
              -0.93,
              -top * 0.99,
              -0.6,
              -bottom,
              -0.06,
              0,
              0.02,
              bottom,
              -0.06,
              top * 0.99,
              -0.6,
              top,
              -0.93,
              0,
              -0.93 + dip,
            ),
            color: main,
            bulge: [0.9, 0.1],
            gloss: 0.5,
            patterned: true,
          },
          { outline: ellipse(0, -0.93, top, dip), color: mixColors(main, rgb(255, 255, 255), 0.35) },
          { outline: ellipse(0, -0.915, top * 0.9, dip * 0.78), color: drink },
        ],
      },
    ];
    if (chance(r, 0.5))
      parts.unshift({
        part: "saucer",
        layers: [
          {
            outline: ellipse(0, -0.02, top * 1.7, 0.13),
            color: mixColors(second, rgb(240, 240, 240), 0.5),
            bulge: [0.3, 0.6],
            gloss: 0.3,
          },
          {
            outline: ellipse(0, -0.04, top * 1.05, 0.075),
            color: scaleColor(mixColors(second, rgb(240, 240, 240), 0.5), 0.8),
          },
        ],
      });
    return parts;
  },
};

export const bottle: ObjectClass = {
  name: "bottle",
  plural: "bottles",
  parts: ["body", "cap", "label"],
  telling: ["label", "cap"],
  stature: 0.75,
  stance: "stands",
  home: ["floor", "cloth"],
  build(r, { main, second }) {
    const half = r.between(0.13, 0.22);
    const neck = half * r.between(0.3, 0.45);
    const shoulder = r.between(-0.68, -0.55);
    const rise = r.between(0.12, 0.2);
    const labelTop = shoulder + r.between(0.04, 0.12);
    const labelBottom = labelTop + r.between(0.18, 0.32);
    return [
      {
        part: "body",
        layers: [
          {
            outline: polygon(
              -half,
              0,
              -half,
              shoulder,
              -half * 0.8,
              shoulder - rise * 0.5,
              -neck,
              shoulder - rise,
              -neck,
              -0.95,
              neck,
              -0.95,
              neck,
              shoulder - rise,
              half * 0.8,
              shoulder - rise * 0.5,
              half,
              shoulder,
              half,
              0,
            ),
            color: main,
            bulge: [0.9, 0.05],
            gloss: 0.8,
          },
        ],
      },
      {
        part: "cap",
        layers: [
          {
            outline: roundedBox(-neck * 1.2, -1, neck * 1.2, -0.9, 0.015),
            color: second,
            bulge: [0.9, 0],
            gloss: 0.3,
          },
        ],
      },
      {
        part: "label",
        layers: [
          {
            outline: polygon(-half, labelTop, half, labelTop, half, labelBottom, -half, labelBottom),
            color: mixColors(second, rgb(250, 245, 235), 0.7),
            bulge: [0.9, 0],
            patterned: chance(r, 0.5),
          },
          {
            outline: ellipse(0, (labelTop + labelBottom) / 2, half * 0.45, (labelBottom - labelTop) * 0.3),
            color: scaleColor(second, 0.7),
            bulge: [0.4, 0],
          },
        ],
      },
    ];
  },
};

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
          outline: limb(x, top, 0.032, x * 1.08, bottom, 0.024),
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
              outline: limb(-half + skew, seat, 0.03, -half + skew, -0.98, 0.03),
              color: wood,
              bulge: [0.8, 0],
            },
            {
              outline: limb(half + skew, seat, 0.03, half + skew, -0.98, 0.03),
              color: wood,
              bulge: [0.8, 0],
            },
            ...[-0.93, -0.8, -0.67].map((y) => ({
              outline: limb(-half + skew, y, 0.034, half + skew, y, 0.034),
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
              -half - 0.05,
              seat + depth,
              half + 0.04,
              seat + depth,
              half + skew + 0.05,
              seat - 0.02,
              -half + skew - 0.03,
              seat - 0.02,
            ),
            color: main,
            bulge: [0.2, 0.6],
            patterned: true,
          },
          {
            outline: polygon(
              -half - 0.05,
              seat + depth,
              half + 0.04,
              seat + depth,
              half + 0.04,
              seat + depth + 0.05,
              -half - 0.05,
              seat + depth + 0.05,
            ),
            color: scaleColor(main, 0.55),
          },
        ],
      },
    ];
  },
};
