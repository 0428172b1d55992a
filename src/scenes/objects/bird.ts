import { hsl, mixColors, rgb, scaleColor } from "../color.ts";
import type { ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, polygon, smooth } from "../outline.ts";
import { chance } from "../scalar.ts";
import { eye } from "./eye.ts";

export const bird: ObjectClass = {
  name: "bird",
  plural: "birds",
  parts: ["body", "head", "wing", "tail", "beak", "leg"],
  telling: ["head", "wing"],
  stature: 0.45,
  stance: "flies",
  home: ["sky", "foliage"],
  build(r, { main, second }) {
    const plump = r.between(0.24, 0.34);
    const isFlying = chance(r, 0.5);
    const beakLength = r.between(0.12, 0.26);
    const beakColor = hsl(r.between(0.08, 0.13), 0.85, 0.5);
    const wingColor = scaleColor(mixColors(main, second, 0.35), 0.75);
    const belly = mixColors(main, rgb(240, 232, 215), 0.6);
    const parts: PartModel[] = [];
    if (!isFlying)
      for (const x of [-0.06, 0.1])
        parts.push({
          part: "leg",
          layers: [
            {
              outline: limb([x, -0.3, 0.018], [x + 0.02, -0.02, 0.014], [x + 0.09, 0, 0.014]),
              color: beakColor,
            },
          ],
        });
    if (isFlying)
      parts.push({
        part: "wing",
        layers: [
          {
            outline: smooth([-0.15, -0.6], [-0.05, -1], [0.1, -1.15], [0.22, -0.85], [0.2, -0.55]),
            color: scaleColor(wingColor, 0.7),
            bulge: [0.5, 0.3],
          },
        ],
      });
    parts.push({
      part: "tail",
      layers: [
        {
          outline: polygon(
            [-0.35, -0.55],
            [-0.85, -0.62 + r.between(-0.1, 0.2)],
            [-0.9, -0.45],
            [-0.78, -0.36],
            [-0.3, -0.38],
          ),
          color: wingColor,
          bulge: [0.3, 0.5],
        },
      ],
    });
    parts.push({
      part: "body",
      layers: [
        {
          outline: smooth(
            [-0.5, -0.5],
            [-0.1, -0.48 - plump],
            [0.35, -0.62],
            [0.42, -0.42],
            [0.1, -0.5 + plump],
            [-0.3, -0.34],
          ),
          color: main,
          bulge: [0.8, 0.8],
          patterned: true,
        },
        { outline: ellipse(0.14, -0.32, 0.3, plump * 0.6), color: belly, bulge: [0.6, 0.6], inside: true },
      ],
    });
    parts.push({
      part: "beak",
      layers: [
        {
          outline: polygon([0.55, -0.8], [0.6 + beakLength, -0.71], [0.55, -0.65]),
          color: beakColor,
          bulge: [0, 0.7],
        },
      ],
    });
    parts.push({
      part: "head",
      layers: [
        { outline: ellipse(0.42, -0.74, 0.19, 0.18), color: main, bulge: [0.8, 0.8] },
        ...eye(0.49, -0.77, 0.038),
      ],
    });
    parts.push({
      part: "wing",
      layers: isFlying
        ? [
            {
              outline: smooth([-0.2, -0.5], [-0.4, -0.95], [-0.35, -1.25], [-0.05, -1.0], [0.2, -0.5]),
              color: wingColor,
              bulge: [0.5, 0.3],
            },
          ]
        : [
            {
              outline: smooth([0.22, -0.62], [0.1, -0.4], [-0.25, -0.36], [-0.6, -0.44], [-0.2, -0.66]),
              color: wingColor,
              bulge: [0.5, 0.6],
            },
          ],
    });
    return parts;
  },
};
