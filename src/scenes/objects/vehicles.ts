import { hsl, mixColors, rgb, scaleColor } from "../color.ts";
import type { ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, polygon, roundedBox, smooth } from "../outline.ts";
import { chance, mix } from "../scalar.ts";

const glass = rgb(60, 80, 100);
const rubber = rgb(32, 32, 36);
const metal = rgb(170, 172, 178);

export const car: ObjectClass = {
  name: "car",
  plural: "cars",
  parts: ["body", "window", "wheel", "light"],
  telling: ["wheel", "window"],
  stature: 0.8,
  stance: "stands",
  home: ["road", "grass", "sand", "soil"],
  build(r, { main }) {
    const half = r.between(0.95, 1.25);
    const waist = r.between(-0.62, -0.5);
    const wheel = r.between(0.19, 0.25);
    const hood = r.between(0.25, 0.62);
    const trunk = r.between(0.05, 0.5);
    const slant = r.between(0.12, 0.35);
    const axle = -wheel;
    const front = half - wheel - r.between(0.12, 0.25);
    const back = -half + wheel + r.between(0.12, 0.25);
    const roofFront = half - hood - slant;
    const roofBack = -half + trunk + slant * 0.6;
    const lower = smooth(
      -half,
      -0.2,
      -half,
      waist * 0.85,
      -half + 0.12,
      waist,
      0,
      waist - 0.02,
      half - 0.25,
      waist + 0.02,
      half - 0.02,
      waist * 0.7,
      half,
      -0.2,
      half - 0.1,
      -0.13,
      -half + 0.1,
      -0.13,
    );
    const cabin = smooth(
      -half + trunk,
      waist + 0.08,
      roofBack,
      -0.96,
      mix(roofBack, roofFront, 0.5),
      -1,
      roofFront,
      -0.95,
      half - hood,
      waist + 0.08,
    );
    const pillar = mix(roofBack, roofFront, r.between(0.4, 0.6));
    const sill = waist + 0.02;
    const rear = polygon(
      -half + trunk + 0.13,
      sill,
      roofBack + 0.05,
      -0.9,
      pillar - 0.04,
      -0.92,
      pillar - 0.04,
      sill,
    );
    const fore = polygon(
      pillar + 0.04,
      sill,
      pillar + 0.04,
      -0.92,
      roofFront - 0.03,
      -0.89,
      half - hood - 0.13,
      sill,
    );
    const wheelAt = (x: number): PartModel => ({
      part: "wheel",
      layers: [
        { outline: ellipse(x, axle, wheel), color: rubber, bulge: [0.4, 0.4] },
        { outline: ellipse(x, axle, wheel * 0.6), color: metal, bulge: [0.6, 0.6], gloss: 0.3 },
        { outline: ellipse(x, axle, wheel * 0.2), color: rgb(80, 80, 84) },
      ],
    });
    return [
      {
        part: "body",
        layers: [
          { outline: cabin, color: main, bulge: [0.3, 0.6], gloss: 0.3, patterned: true },
          { outline: lower, color: main, bulge: [0.3, 0.8], gloss: 0.4, patterned: true },
          {
            outline: polygon(-half, -0.24, half, -0.24, half - 0.05, -0.13, -half + 0.05, -0.13),
            color: scaleColor(main, 0.35),
            inside: true,
          },
          { outline: limb(pillar, waist, 0.008, pillar, -0.2, 0.008), color: scaleColor(main, 0.4) },
        ],
      },
      { part: "window", layers: [{ outline: rear, color: glass, bulge: [0.2, 0.7], gloss: 0.5 }] },
      { part: "window", layers: [{ outline: fore, color: glass, bulge: [0.2, 0.7], gloss: 0.5 }] },
      {
        part: "light",
        layers: [
          {
            outline: ellipse(half - 0.1, waist * 0.74, 0.08, 0.06),
            color: rgb(255, 245, 200),
            bulge: [0.7, 0.7],
            gloss: 0.6,
          },
        ],
      },
      {
        part: "light",
        layers: [
          {
            outline: ellipse(-half + 0.07, waist * 0.8, 0.05, 0.08),
            color: rgb(200, 30, 25),
            bulge: [0.7, 0.7],
            gloss: 0.4,
          },
        ],
      },
      wheelAt(back),
      wheelAt(front),
    ];
  },
};

export const boat: ObjectClass = {
  name: "boat",
  plural: "boats",
  parts: ["hull", "mast", "sail", "cabin"],
  telling: ["sail", "cabin", "mast"],
  stature: 1.2,
  stance: "floats",
  home: ["water"],
  build(r, { main, second }) {
    const half = r.between(0.5, 0.75);
    const deck = r.between(-0.26, -0.18);
    const hull: PartModel = {
      part: "hull",
      layers: [
        {
          outline: smooth(
            -half,
            deck,
            -half * 0.4,
            deck + 0.03,
            half * 0.5,
            deck + 0.01,
            half * 1.1,
            deck - 0.06,
            half * 0.75,
            0,
            0,
            0.03,
            -half * 0.8,
            0,
          ),
          color: main,
          bulge: [0.3, 0.8],
          gloss: 0.2,
          patterned: true,
        },
        {
          outline: limb(-half * 0.95, deck + 0.04, 0.018, 0, deck + 0.06, 0.018, half, deck - 0.01, 0.018),
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
              outline: limb(foot, deck + 0.05, 0.022, foot, top, 0.014),
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
                foot + 0.03,
                top + 0.05,
                foot + 0.28,
                -0.6,
                foot + half * 0.95,
                deck - 0.09,
                foot + 0.25,
                deck - 0.05,
                foot + 0.03,
                deck - 0.07,
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
                foot - 0.03,
                top + 0.14,
                foot - half * 0.85,
                deck - 0.05,
                foot - 0.03,
                deck - 0.08,
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
    const pane = (x: number): Layers => ({
      outline: roundedBox(x, deck - height * 0.75, x + 0.13, deck - height * 0.4, 0.02),
      color: glass,
      gloss: 0.4,
      bulge: [0.2, 0.5],
    });
    const panes: Layers[] = [];
    for (let x = left + 0.07; x + 0.13 < right; x += 0.2) panes.push(pane(x));
    return [
      {
        part: "mast",
        layers: [
          {
            outline: limb(left + 0.18, deck, 0.05, left + 0.18, deck - height - 0.3, 0.05),
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
              left,
              deck + 0.06,
              left + 0.02,
              deck - height,
              right - 0.06,
              deck - height,
              right,
              deck + 0.06,
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

type Layers = PartModel["layers"][number];
