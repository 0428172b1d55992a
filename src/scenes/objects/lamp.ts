import { hsl, scaleColor } from "../color.ts";
import type { ObjectClass } from "../model.ts";
import { ellipse, limb, polygon, smooth } from "../outline.ts";
import { chance } from "../scalar.ts";

export const lamp: ObjectClass = {
  name: "lamp",
  plural: "lamps",
  parts: ["base", "pole", "shade"],
  telling: ["shade"],
  stature: 1.1,
  stance: "stands",
  home: ["floor", "road", "cloth"],
  build(r, { main, second }) {
    const dark = scaleColor(second, 0.45);
    const glow = hsl(0.13, 0.9, 0.8);
    if (chance(r, 0.35)) {
      const reach = r.between(0.12, 0.3);
      return [
        {
          part: "base",
          layers: [
            {
              outline: polygon([-0.07, 0], [-0.045, -0.1], [0.045, -0.1], [0.07, 0]),
              color: dark,
              bulge: [0.8, 0],
            },
          ],
        },
        {
          part: "pole",
          layers: [
            {
              outline: limb(
                [0, -0.05, 0.025],
                [0, -0.7, 0.018],
                [reach * 0.35, -0.95, 0.016],
                [reach, -0.98, 0.016],
              ),
              color: dark,
              bulge: [0.9, 0],
            },
          ],
        },
        {
          part: "shade",
          layers: [
            {
              outline: smooth([reach - 0.1, -0.92], [reach, -1.02], [reach + 0.1, -0.92], [reach, -0.9]),
              color: main,
              bulge: [0.7, 0.7],
            },
            { outline: ellipse(reach, -0.905, 0.085, 0.03), color: glow, gloss: 0.8 },
          ],
        },
      ];
    }
    const top = r.between(0.1, 0.2);
    const bottom = r.between(0.22, 0.38);
    const rim = r.between(-0.62, -0.5);
    const foot = r.between(0.14, 0.24);
    const isVase = chance(r, 0.5);
    return [
      {
        part: "pole",
        layers: [{ outline: limb([0, -0.04, 0.028], [0, rim - 0.05, 0.022]), color: dark, bulge: [0.9, 0] }],
      },
      {
        part: "base",
        layers: isVase
          ? [
              {
                outline: smooth(
                  [-foot * 0.6, 0],
                  [-foot, -0.18],
                  [-0.04, -0.4],
                  [0.04, -0.4],
                  [foot, -0.18],
                  [foot * 0.6, 0],
                ),
                color: second,
                bulge: [0.9, 0.5],
                gloss: 0.5,
              },
            ]
          : [
              {
                outline: smooth(
                  [-foot, -0.01],
                  [-foot * 0.8, -0.05],
                  [0, -0.08],
                  [foot * 0.8, -0.05],
                  [foot, -0.01],
                  [0, 0.01],
                ),
                color: dark,
                bulge: [0.7, 0.6],
                gloss: 0.3,
              },
            ],
      },
      {
        part: "shade",
        layers: [
          {
            outline: polygon([-top, -1], [top, -1], [bottom, rim], [-bottom, rim]),
            color: main,
            bulge: [0.8, 0.1],
            patterned: true,
          },
          { outline: ellipse(0, rim, bottom, 0.035), color: glow },
        ],
      },
    ];
  },
};
