import { hsl, mixColors, rgb, scaleColor } from "../color.ts";
import type { Layer, ObjectClass, PartModel } from "../model.ts";
import { limb, polygon, roundedBox, smooth } from "../outline.ts";
import { chance } from "../scalar.ts";

const glass = rgb(60, 80, 100);

export const boat: ObjectClass = {
  name: "boat",
  plural: "boats",
  parts: ["hull", "mast", "sail", "cabin"],
  telling: ["sail", "cabin", "mast"],
  stature: 1.2,
  stance: "stands",
  home: ["water"],
  build(r, { main, second }) {
    const half = r.between(0.5, 0.75);
    const deck = r.between(-0.26, -0.18);
    const hull: PartModel = {
      part: "hull",
      layers: [
        {
          outline: smooth(
            [-half, deck],
            [-half * 0.4, deck + 0.03],
            [half * 0.5, deck + 0.01],
            [half * 1.1, deck - 0.06],
            [half * 0.75, 0],
            [0, 0.03],
            [-half * 0.8, 0],
          ),
          color: main,
          bulge: [0.3, 0.8],
          gloss: 0.2,
          patterned: true,
        },
        {
          outline: limb(
            [-half * 0.95, deck + 0.04, 0.018],
            [0, deck + 0.06, 0.018],
            [half, deck - 0.01, 0.018],
          ),
          color: scaleColor(main, 0.5),
          inside: true,
        },
      ],
    };
    if (chance(r, 0.65)) {
      const foot = r.between(-0.1, 0.15);
      const cloth = mixColors(second, rgb(245, 240, 230), r.between(0.2, 0.9));
      const top = r.between(-1.05, -0.95);
      return [
        {
          part: "mast",
          layers: [
            {
              outline: limb([foot, deck + 0.05, 0.022], [foot, top, 0.014]),
              color: rgb(110, 80, 55),
              bulge: [0.9, 0],
            },
          ],
        },
        {
          part: "sail",
          layers: [
            {
              outline: smooth(
                [foot + 0.03, top + 0.05],
                [foot + 0.28, -0.6],
                [foot + half * 0.95, deck - 0.09],
                [foot + 0.25, deck - 0.05],
                [foot + 0.03, deck - 0.07],
              ),
              color: cloth,
              bulge: [0.7, 0.2],
            },
          ],
        },
        {
          part: "sail",
          layers: [
            {
              outline: polygon(
                [foot - 0.03, top + 0.14],
                [foot - half * 0.85, deck - 0.05],
                [foot - 0.03, deck - 0.08],
              ),
              color: scaleColor(cloth, 0.85),
              bulge: [0.5, 0.2],
            },
          ],
        },
        hull,
      ];
    }
    const height = r.between(0.35, 0.55);
    const left = -half * r.between(0.5, 0.8);
    const right = half * r.between(0.2, 0.55);
    const wall = mixColors(second, rgb(240, 240, 240), 0.6);
    const pane = (x: number): Layer => ({
      outline: roundedBox(x, deck - height * 0.75, x + 0.13, deck - height * 0.4, 0.02),
      color: glass,
      gloss: 0.4,
      bulge: [0.2, 0.5],
    });
    const panes: Layer[] = [];
    for (let x = left + 0.07; x + 0.13 < right; x += 0.2) panes.push(pane(x));
    return [
      {
        part: "mast",
        layers: [
          {
            outline: limb([left + 0.18, deck, 0.05], [left + 0.18, deck - height - 0.3, 0.05]),
            color: hsl(0.02, 0.6, 0.4),
            bulge: [0.9, 0],
          },
        ],
      },
      {
        part: "cabin",
        layers: [
          {
            outline: polygon(
              [left, deck + 0.06],
              [left + 0.02, deck - height],
              [right - 0.06, deck - height],
              [right, deck + 0.06],
            ),
            color: wall,
            bulge: [0.3, 0.1],
          },
          ...panes,
        ],
      },
      hull,
    ];
  },
};
