import { hsl, mixColors, rgb, scaleColor } from "../color.ts";
import type { ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, smooth } from "../outline.ts";
import { chance } from "../scalar.ts";

export const person: ObjectClass = {
  name: "person",
  plural: "people",
  parts: ["head", "torso", "arm", "leg"],
  telling: ["head", "torso"],
  stature: 1.1,
  stance: "stands",
  home: ["road", "grass", "floor", "sand", "snow"],
  build(r, { main, second }) {
    const skin = hsl(r.between(0.05, 0.08), r.between(0.35, 0.55), r.between(0.28, 0.75));
    const hair = hsl(0.08, r.between(0.1, 0.6), r.between(0.06, 0.45));
    const shoe = scaleColor(second, 0.3);
    const trousers = mixColors(second, rgb(50, 60, 90), 0.5);
    const shoulder = r.between(0.11, 0.15);
    const stride = r.between(0.02, 0.16);
    const hip = -0.47;
    const leg = (foot: number): PartModel => ({
      part: "leg",
      layers: [
        {
          outline: limb([foot * 0.35, hip, 0.066], [foot * 0.7, -0.25, 0.05], [foot, -0.04, 0.038]),
          color: trousers,
          bulge: [0.9, 0],
        },
        {
          outline: smooth(
            [foot - 0.045, -0.05],
            [foot + 0.03, -0.055],
            [foot + 0.1, -0.015],
            [foot + 0.09, 0.005],
            [foot - 0.045, 0.005],
          ),
          color: shoe,
          bulge: [0.3, 0.5],
        },
      ],
    });
    const arm = (side: number): PartModel => {
      const isRaised = chance(r, 0.2);
      const elbow = side * (shoulder + r.between(0.02, 0.1));
      const handX = elbow + side * r.between(-0.04, 0.1);
      const handY = isRaised ? -0.98 : r.between(-0.5, -0.42);
      const elbowY = isRaised ? -0.8 : -0.63;
      return {
        part: "arm",
        layers: [
          {
            outline: limb(
              [side * shoulder * 0.9, -0.78, 0.042],
              [elbow, elbowY, 0.036],
              [handX, handY, 0.028],
            ),
            color: scaleColor(main, 0.9),
            bulge: [0.8, 0.1],
          },
          { outline: ellipse(handX, handY, 0.035), color: skin, bulge: [0.8, 0.8] },
        ],
      };
    };
    return [
      leg(-stride),
      leg(stride),
      arm(-1),
      {
        part: "torso",
        layers: [
          {
            outline: limb([0, -0.88, 0.034], [0, -0.8, 0.036]),
            color: scaleColor(skin, 0.85),
            bulge: [0.8, 0],
          },
          {
            outline: smooth(
              [-shoulder, -0.8],
              [0, -0.84],
              [shoulder, -0.8],
              [shoulder * 0.85, -0.6],
              [shoulder * 0.8, hip + 0.02],
              [0, hip + 0.04],
              [-shoulder * 0.8, hip + 0.02],
              [-shoulder * 0.85, -0.6],
            ),
            color: main,
            bulge: [0.8, 0.3],
            patterned: true,
          },
        ],
      },
      arm(1),
      {
        part: "head",
        layers: [
          { outline: ellipse(0, -0.94, 0.066, 0.078), color: skin, bulge: [0.8, 0.8] },
          {
            outline: smooth(
              [-0.07, -0.92],
              [-0.075, -1],
              [0, -1.03],
              [0.075, -1],
              [0.07, -0.93],
              [0.05, -0.975],
              [-0.04, -0.98],
            ),
            color: hair,
            bulge: [0.7, 0.7],
          },
          { outline: ellipse(-0.024, -0.94, 0.009), color: rgb(30, 25, 22) },
          { outline: ellipse(0.028, -0.94, 0.009), color: rgb(30, 25, 22) },
          { outline: limb([-0.02, -0.9, 0.005], [0.024, -0.9, 0.005]), color: scaleColor(skin, 0.5) },
        ],
      },
    ];
  },
};
