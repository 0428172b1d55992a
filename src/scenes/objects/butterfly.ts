import { rgb, scaleColor } from "../color.ts";
import type { ObjectClass, PartModel } from "../model.ts";
import { limb, smooth } from "../outline.ts";

export const butterfly: ObjectClass = {
  name: "butterfly",
  plural: "butterflies",
  parts: ["wing", "body"],
  telling: ["wing"],
  stature: 0.4,
  stance: "flies",
  home: ["foliage", "grass"],
  build(r, { main, second }) {
    const open = r.between(0.7, 1.1);
    const upper = r.between(0.5, 0.65);
    const lower = r.between(0.32, 0.45);
    const edge = scaleColor(second, 0.3);
    const wing = (side: number, tip: number, drop: number, size: number): PartModel => ({
      part: "wing",
      layers: [1, 0.78].map((scale, k) => ({
        outline: smooth(
          [0, -0.5],
          [side * size * 0.55 * scale * open, -0.5 + tip * 0.9 * scale],
          [side * size * 1.1 * scale * open, -0.5 + tip * scale],
          [side * size * scale * open, -0.5 + drop * scale],
          [side * size * 0.4 * scale * open, -0.5 + drop * 1.1 * scale],
        ),
        color: k === 0 ? edge : main,
        bulge: [0.3, 0.2] as const,
        patterned: k === 1,
      })),
    });
    return [
      wing(-1, 0.3, 0.45, lower),
      wing(1, 0.3, 0.45, lower),
      wing(-1, -0.46, 0.06, upper),
      wing(1, -0.46, 0.06, upper),
      {
        part: "body",
        layers: [
          {
            outline: limb([0, -0.72, 0.035], [0, -0.45, 0.05], [0, -0.12, 0.02]),
            color: rgb(45, 38, 34),
            bulge: [0.9, 0.2],
          },
          {
            outline: limb([0, -0.75, 0.012], [-0.08, -0.9, 0.01], [-0.14, -0.97, 0.014]),
            color: rgb(45, 38, 34),
          },
          {
            outline: limb([0, -0.75, 0.012], [0.08, -0.9, 0.01], [0.14, -0.97, 0.014]),
            color: rgb(45, 38, 34),
          },
        ],
      },
    ];
  },
};
