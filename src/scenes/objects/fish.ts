import { mixColors, scaleColor } from "../color.ts";
import type { ObjectClass } from "../model.ts";
import { limb, smooth } from "../outline.ts";
import { eye } from "./eye.ts";

export const fish: ObjectClass = {
  name: "fish",
  plural: "fish",
  parts: ["body", "tail", "fin", "eye"],
  telling: ["body", "eye"],
  stature: 0.5,
  stance: "swims",
  home: ["water"],
  build(r, { main, second }) {
    const deep = r.between(0.24, 0.48);
    const long = r.between(0.6, 0.85);
    const finColor = mixColors(second, main, 0.35);
    const y = -0.5;
    return [
      {
        part: "tail",
        layers: [
          {
            outline: smooth(
              [-long * 0.8, y],
              [-long - 0.3, y - r.between(0.22, 0.36)],
              [-long - 0.16, y],
              [-long - 0.3, y + r.between(0.22, 0.36)],
            ),
            color: finColor,
            bulge: [0.3, 0.3],
          },
        ],
      },
      {
        part: "fin",
        layers: [
          {
            outline: smooth(
              [-long * 0.45, y - deep * 0.6],
              [-long * 0.3, y - deep - r.between(0.1, 0.24)],
              [long * 0.25, y - deep - 0.08],
              [long * 0.35, y - deep * 0.6],
            ),
            color: finColor,
            bulge: [0.3, 0.4],
          },
        ],
      },
      {
        part: "fin",
        layers: [
          {
            outline: smooth(
              [-long * 0.3, y + deep * 0.6],
              [-long * 0.25, y + deep + 0.14],
              [long * 0.1, y + deep * 0.7],
            ),
            color: finColor,
            bulge: [0.3, 0.4],
          },
        ],
      },
      {
        part: "body",
        layers: [
          {
            outline: smooth(
              [-long, y - 0.06],
              [-long * 0.3, y - deep * 0.85],
              [long * 0.35, y - deep * 0.8],
              [long, y],
              [long * 0.35, y + deep * 0.8],
              [-long * 0.3, y + deep * 0.85],
              [-long, y + 0.06],
            ),
            color: main,
            bulge: [0.6, 0.85],
            gloss: 0.35,
            patterned: true,
          },
          {
            outline: limb(
              [long * 0.42, y - deep * 0.6, 0.012],
              [long * 0.33, y, 0.012],
              [long * 0.42, y + deep * 0.6, 0.012],
            ),
            color: scaleColor(main, 0.5),
            inside: true,
          },
        ],
      },
      {
        part: "fin",
        layers: [
          {
            outline: smooth(
              [long * 0.2, y + 0.04],
              [-long * 0.12, y + 0.02],
              [-long * 0.16, y + 0.18],
              [long * 0.1, y + 0.14],
            ),
            color: scaleColor(finColor, 0.85),
            bulge: [0.3, 0.5],
          },
        ],
      },
      { part: "eye", layers: eye(long * 0.66, y - deep * 0.18, deep * 0.16 + 0.02) },
    ];
  },
};
