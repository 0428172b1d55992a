import { hsl, mixColors, rgb, scaleColor } from "../color.ts";
import type { ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, polygon, smooth } from "../outline.ts";

export const cat: ObjectClass = {
  name: "cat",
  plural: "cats",
  colors: ["black", "white", "gray", "orange", "brown"],
  parts: ["body", "head", "leg", "tail"],
  telling: ["head"],
  stature: 0.6,
  stance: "stands",
  home: ["floor", "grass", "cloth"],
  build(r, { main, second }) {
    const lift = r.between(-0.25, 0.3);
    const shade = scaleColor(main, 0.75);
    const leg = (x: number, isFar: boolean): PartModel => ({
      part: "leg",
      layers: [
        {
          outline: limb(
            [x, -0.42, 0.085],
            [x + 0.01, -0.2, 0.06],
            [x + 0.02, -0.06, 0.055],
            [x + 0.06, -0.04, 0.04],
          ),
          color: isFar ? shade : main,
          bulge: [0.9, 0],
          patterned: !isFar,
        },
      ],
    });
    const hx = 0.56;
    const hy = -0.72;
    return [
      {
        part: "tail",
        layers: [
          {
            outline: limb(
              [-0.5, -0.5, 0.05],
              [-0.78, -0.55 - lift * 0.3, 0.05],
              [-0.85, -0.8 - lift, 0.045],
              [-0.72, -0.95 - lift, 0.03],
            ),
            color: main,
            bulge: [0.7, 0.5],
            patterned: true,
          },
        ],
      },
      leg(-0.32, true),
      leg(0.44, true),
      {
        part: "body",
        layers: [
          {
            outline: smooth(
              [-0.56, -0.5],
              [-0.3, -0.7],
              [0.2, -0.66],
              [0.56, -0.68],
              [0.58, -0.42],
              [0.2, -0.3],
              [-0.3, -0.28],
              [-0.54, -0.34],
            ),
            color: main,
            bulge: [0.6, 0.8],
            patterned: true,
          },
        ],
      },
      leg(-0.44, false),
      leg(0.34, false),
      {
        part: "head",
        layers: [
          {
            outline: polygon([hx - 0.2, hy - 0.04], [hx - 0.17, hy - 0.32], [hx - 0.02, hy - 0.14]),
            color: main,
            patterned: true,
          },
          {
            outline: polygon([hx + 0.02, hy - 0.14], [hx + 0.17, hy - 0.32], [hx + 0.2, hy - 0.04]),
            color: main,
            patterned: true,
          },
          {
            outline: polygon([hx + 0.07, hy - 0.14], [hx + 0.15, hy - 0.25], [hx + 0.16, hy - 0.08]),
            color: rgb(220, 150, 145),
          },
          { outline: ellipse(hx, hy, 0.22, 0.19), color: main, bulge: [0.8, 0.8], patterned: true },
          {
            outline: ellipse(hx + 0.01, hy + 0.1, 0.1, 0.07),
            color: mixColors(main, rgb(245, 240, 230), 0.7),
            bulge: [0.5, 0.5],
          },
          {
            outline: ellipse(hx - 0.08, hy - 0.03, 0.04, 0.035),
            color: mixColors(second, hsl(0.22, 0.7, 0.55), 0.7),
          },
          {
            outline: ellipse(hx + 0.1, hy - 0.03, 0.04, 0.035),
            color: mixColors(second, hsl(0.22, 0.7, 0.55), 0.7),
          },
          { outline: ellipse(hx - 0.075, hy - 0.03, 0.014, 0.034), color: rgb(15, 15, 18) },
          { outline: ellipse(hx + 0.105, hy - 0.03, 0.014, 0.034), color: rgb(15, 15, 18) },
          {
            outline: polygon([hx - 0.025, hy + 0.05], [hx + 0.045, hy + 0.05], [hx + 0.01, hy + 0.085]),
            color: rgb(190, 110, 110),
          },
        ],
      },
    ];
  },
};
