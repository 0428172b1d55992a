import { hsl, mixColors, rgb, scaleColor } from "../color.ts";
import type { Layer, ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, polygon, smooth } from "../outline.ts";
import { chance } from "../scalar.ts";

function eye(x: number, y: number, radius: number): Layer[] {
  return [
    { outline: ellipse(x, y, radius), color: rgb(240, 238, 230) },
    {
      outline: ellipse(x + radius * 0.2, y, radius * 0.6),
      color: rgb(20, 20, 24),
      gloss: 0.6,
      bulge: [0.7, 0.7],
    },
  ];
}

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
            { outline: limb(x, -0.3, 0.018, x + 0.02, -0.02, 0.014, x + 0.09, 0, 0.014), color: beakColor },
          ],
        });
    if (isFlying)
      parts.push({
        part: "wing",
        layers: [
          {
            outline: smooth(-0.15, -0.6, -0.05, -1, 0.1, -1.15, 0.22, -0.85, 0.2, -0.55),
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
            -0.35,
            -0.55,
            -0.85,
            -0.62 + r.between(-0.1, 0.2),
            -0.9,
            -0.45,
            -0.78,
            -0.36,
            -0.3,
            -0.38,
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
            -0.5,
            -0.5,
            -0.1,
            -0.48 - plump,
            0.35,
            -0.62,
            0.42,
            -0.42,
            0.1,
            -0.5 + plump,
            -0.3,
            -0.34,
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
          outline: polygon(0.55, -0.8, 0.6 + beakLength, -0.71, 0.55, -0.65),
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
              outline: smooth(-0.2, -0.5, -0.4, -0.95, -0.35, -1.25, -0.05, -1.0, 0.2, -0.5),
              color: wingColor,
              bulge: [0.5, 0.3],
            },
          ]
        : [
            {
              outline: smooth(0.22, -0.62, 0.1, -0.4, -0.25, -0.36, -0.6, -0.44, -0.2, -0.66),
              color: wingColor,
              bulge: [0.5, 0.6],
            },
          ],
    });
    return parts;
  },
};

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
              -long * 0.8,
              y,
              -long - 0.3,
              y - r.between(0.22, 0.36),
              -long - 0.16,
              y,
              -long - 0.3,
              y + r.between(0.22, 0.36),
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
              -long * 0.45,
              y - deep * 0.6,
              -long * 0.3,
              y - deep - r.between(0.1, 0.24),
              long * 0.25,
              y - deep - 0.08,
              long * 0.35,
              y - deep * 0.6,
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
              -long * 0.3,
              y + deep * 0.6,
              -long * 0.25,
              y + deep + 0.14,
              long * 0.1,
              y + deep * 0.7,
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
              -long,
              y - 0.06,
              -long * 0.3,
              y - deep * 0.85,
              long * 0.35,
              y - deep * 0.8,
              long,
              y,
              long * 0.35,
              y + deep * 0.8,
              -long * 0.3,
              y + deep * 0.85,
              -long,
              y + 0.06,
            ),
            color: main,
            bulge: [0.6, 0.85],
            gloss: 0.35,
            patterned: true,
          },
          {
            outline: limb(
              long * 0.42,
              y - deep * 0.6,
              0.012,
              long * 0.33,
              y,
              0.012,
              long * 0.42,
              y + deep * 0.6,
              0.012,
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
              long * 0.2,
              y + 0.04,
              -long * 0.12,
              y + 0.02,
              -long * 0.16,
              y + 0.18,
              long * 0.1,
              y + 0.14,
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

export const cat: ObjectClass = {
  name: "cat",
  plural: "cats",
  parts: ["body", "head", "leg", "tail"],
  telling: ["head"],
  stature: 0.6,
  stance: "stands",
  home: ["floor", "grass", "cloth"],
  build(r, { main, second }) {
    const fur = mixColors(main, hsl(r.between(0.05, 0.1), 0.4, r.between(0.25, 0.7)), 0.5);
    const lift = r.between(-0.25, 0.3);
    const shade = scaleColor(fur, 0.75);
    const leg = (x: number, isFar: boolean): PartModel => ({
      part: "leg",
      layers: [
        {
          outline: limb(x, -0.42, 0.085, x + 0.01, -0.2, 0.06, x + 0.02, -0.06, 0.055, x + 0.06, -0.04, 0.04),
          color: isFar ? shade : fur,
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
              -0.5,
              -0.5,
              0.05,
              -0.78,
              -0.55 - lift * 0.3,
              0.05,
              -0.85,
              -0.8 - lift,
              0.045,
              -0.72,
              -0.95 - lift,
              0.03,
            ),
            color: fur,
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
              -0.56,
              -0.5,
              -0.3,
              -0.7,
              0.2,
              -0.66,
              0.56,
              -0.68,
              0.58,
              -0.42,
              0.2,
              -0.3,
              -0.3,
              -0.28,
              -0.54,
              -0.34,
            ),
            color: fur,
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
            outline: polygon(hx - 0.2, hy - 0.04, hx - 0.17, hy - 0.32, hx - 0.02, hy - 0.14),
            color: fur,
            patterned: true,
          },
          {
            outline: polygon(hx + 0.02, hy - 0.14, hx + 0.17, hy - 0.32, hx + 0.2, hy - 0.04),
            color: fur,
            patterned: true,
          },
          {
            outline: polygon(hx + 0.07, hy - 0.14, hx + 0.15, hy - 0.25, hx + 0.16, hy - 0.08),
            color: rgb(220, 150, 145),
          },
          { outline: ellipse(hx, hy, 0.22, 0.19), color: fur, bulge: [0.8, 0.8], patterned: true },
          {
            outline: ellipse(hx + 0.01, hy + 0.1, 0.1, 0.07),
            color: mixColors(fur, rgb(245, 240, 230), 0.7),
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
            outline: polygon(hx - 0.025, hy + 0.05, hx + 0.045, hy + 0.05, hx + 0.01, hy + 0.085),
            color: rgb(190, 110, 110),
          },
        ],
      },
    ];
  },
};

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
          0,
          -0.5,
          side * size * 0.55 * scale * open,
          -0.5 + tip * 0.9 * scale,
          side * size * 1.1 * scale * open,
          -0.5 + tip * scale,
          side * size * scale * open,
          -0.5 + drop * scale,
          side * size * 0.4 * scale * open,
          -0.5 + drop * 1.1 * scale,
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
            outline: limb(0, -0.72, 0.035, 0, -0.45, 0.05, 0, -0.12, 0.02),
            color: rgb(45, 38, 34),
            bulge: [0.9, 0.2],
          },
          { outline: limb(0, -0.75, 0.012, -0.08, -0.9, 0.01, -0.14, -0.97, 0.014), color: rgb(45, 38, 34) },
          { outline: limb(0, -0.75, 0.012, 0.08, -0.9, 0.01, 0.14, -0.97, 0.014), color: rgb(45, 38, 34) },
        ],
      },
    ];
  },
};
