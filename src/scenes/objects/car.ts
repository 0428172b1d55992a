import { rgb, scaleColor } from "../color.ts";
import type { ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, polygon, smooth } from "../outline.ts";
import { mix } from "../scalar.ts";

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
      [-half, -0.2],
      [-half, waist * 0.85],
      [-half + 0.12, waist],
      [0, waist - 0.02],
      [half - 0.25, waist + 0.02],
      [half - 0.02, waist * 0.7],
      [half, -0.2],
      [half - 0.1, -0.13],
      [-half + 0.1, -0.13],
    );
    const cabin = smooth(
      [-half + trunk, waist + 0.08],
      [roofBack, -0.96],
      [mix(roofBack, roofFront, 0.5), -1],
      [roofFront, -0.95],
      [half - hood, waist + 0.08],
    );
    const pillar = mix(roofBack, roofFront, r.between(0.4, 0.6));
    const sill = waist + 0.02;
    const rear = polygon(
      [-half + trunk + 0.13, sill],
      [roofBack + 0.05, -0.9],
      [pillar - 0.04, -0.92],
      [pillar - 0.04, sill],
    );
    const fore = polygon(
      [pillar + 0.04, sill],
      [pillar + 0.04, -0.92],
      [roofFront - 0.03, -0.89],
      [half - hood - 0.13, sill],
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
            outline: polygon([-half, -0.24], [half, -0.24], [half - 0.05, -0.13], [-half + 0.05, -0.13]),
            color: scaleColor(main, 0.35),
            inside: true,
          },
          { outline: limb([pillar, waist, 0.008], [pillar, -0.2, 0.008]), color: scaleColor(main, 0.4) },
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
