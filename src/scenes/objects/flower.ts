import { hsl, jitterColor, mixColors } from "../color.ts";
import type { Layer, ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, smooth } from "../outline.ts";
import { cosine, sine } from "../scalar.ts";

export const flower: ObjectClass = {
  name: "flower",
  plural: "flowers",
  parts: ["stem", "leaf", "petal", "center"],
  telling: ["petal", "center"],
  stature: 0.6,
  stance: "stands",
  home: ["grass", "soil", "foliage"],
  build(r, { main, second }) {
    const green = hsl(r.between(0.25, 0.36), 0.5, 0.3);
    const radius = r.between(0.16, 0.26);
    const x = r.between(-0.08, 0.08);
    const y = -1 + radius * 1.1;
    const count = 5 + r.integer(7);
    const width = radius * r.between(0.2, 0.38);
    const petals: Layer[] = [];
    for (let k = 0; k < count; k++) {
      const c = cosine(k / count);
      const s = sine(k / count);
      petals.push({
        outline: smooth(
          [x, y],
          [x + c * radius * 0.6 - s * width, y + s * radius * 0.6 + c * width],
          [x + c * radius * 1.08, y + s * radius * 1.08],
          [x + c * radius * 0.6 + s * width, y + s * radius * 0.6 - c * width],
        ),
        color: jitterColor(r, main, 0.15),
        bulge: [0.5, 0.5],
      });
    }
    const blade = (side: number, from: number): PartModel => ({
      part: "leaf",
      layers: [
        {
          outline: smooth(
            [0, from],
            [side * 0.12, from - 0.14],
            [side * r.between(0.2, 0.3), from - 0.12],
            [side * 0.16, from - 0.02],
          ),
          color: jitterColor(r, green, 0.2),
          bulge: [0.5, 0.5],
        },
      ],
    });
    return [
      {
        part: "stem",
        layers: [
          {
            outline: limb([0, 0, 0.02], [r.between(-0.04, 0.04), -0.4, 0.018], [x, y, 0.016]),
            color: green,
            bulge: [0.9, 0],
          },
        ],
      },
      blade(1, -0.15),
      blade(-1, r.between(-0.35, -0.2)),
      { part: "petal", layers: petals },
      {
        part: "center",
        layers: [
          {
            outline: ellipse(x, y, radius * r.between(0.25, 0.4)),
            color: mixColors(second, hsl(0.13, 0.8, 0.5), 0.7),
            bulge: [0.8, 0.8],
          },
        ],
      },
    ];
  },
};
