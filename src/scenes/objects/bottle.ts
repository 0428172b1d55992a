import { mixColors, rgb, scaleColor } from "../color.ts";
import type { ObjectClass } from "../model.ts";
import { ellipse, polygon, roundedBox } from "../outline.ts";
import { chance } from "../scalar.ts";

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
              [-half, 0],
              [-half, shoulder],
              [-half * 0.8, shoulder - rise * 0.5],
              [-neck, shoulder - rise],
              [-neck, -0.95],
              [neck, -0.95],
              [neck, shoulder - rise],
              [half * 0.8, shoulder - rise * 0.5],
              [half, shoulder],
              [half, 0],
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
            outline: polygon([-half, labelTop], [half, labelTop], [half, labelBottom], [-half, labelBottom]),
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
