import type { ClassTexts } from "../../core/class-texts.ts";
import type { NameLayoutOptions } from "../../models/clip/text-layout.ts";
import type { RefineCamOptions } from "./affinity.ts";
import type { AugmentOptions } from "./augmentation.ts";
import { cocoTexts } from "./prompts/coco.ts";
import { sceneTexts } from "./prompts/scenes.ts";
import { vocTexts } from "./prompts/voc.ts";

/** How one set of prompts is laid out and trained. */
export interface PromptRecipe {
  readonly layout: Pick<Required<NameLayoutOptions>, "contextLength" | "namePosition"> & {
    readonly sharing: "shared" | "each";
  };
  /** Whether background prompts carry their names, or are contexts alone. */
  readonly namedBackground: boolean;
  /** N(0, std²), from the generator that the text seeds. */
  readonly start: { readonly seed: string; readonly std: number };
  /** Updates; the schedule's length. */
  readonly steps: number;
  /** Updates after which the context is taken, before the schedule's end where that was better. */
  readonly usedStep: number;
  readonly warmupSteps: number;
  readonly batch: number;
  /** Parts of a batch that the loss is normalized in. */
  readonly parts: number;
  /** Of the square that CLIP sees of a picture, px. */
  readonly side: number;
  /** How squares are cut out of a picture, another in each step; null: the square is the whole picture, the same in all steps. */
  readonly augmentation: Pick<AugmentOptions, "longSide"> | null;
  /** Where a picture's classes come from: its tags, or what the seed still shows of them in the square cut out. */
  readonly classesFrom: "tags" | "seed";
}

/** From CAMs to seeds. */
export interface SeedRecipe {
  /** null: the CAM goes into the masks as it is. */
  readonly affinity: (RefineCamOptions & { readonly rounds: number }) | null;
  /** Of the background's score (1 − max)^power. */
  readonly power: number;
}

/** Seeds by contexts of the first training, and by those of the second. */
export type SeedRound = "coarse" | "fine";

export interface FmaRecipe {
  readonly name: string;
  readonly texts: ClassTexts;
  readonly classification: PromptRecipe;
  readonly coarse: SeedRecipe;
  readonly segmentation: PromptRecipe;
  readonly fine: SeedRecipe;
  /** What both rounds have in place of theirs for CAMs of texts that nobody trained, and for those of a classifier. */
  readonly others: Readonly<Partial<Record<"clip" | "classifier", Partial<SeedRecipe>>>>;
}

/** Of the last ones, whose attention affinity averages: in both recipes and in CLIP-ES, where ViT-B/16 has 12. */
export const ATTENTION_BLOCKS = 8;

/** What the two published recipes have in common. */
const common = {
  layout: { contextLength: 16, namePosition: "end", sharing: "shared" },
  namedBackground: true,
  start: { seed: "真", std: 0.015 },
  batch: 16,
  parts: 1,
  side: 224,
  classesFrom: "tags",
} as const;

/** The affinity step as published: the last row and column of patches are in no box. */
const affinity = { power: 2, rounds: 1, compat: "original" } as const;

/** Coarse seeds' affinity. */
const coarseAffinity = {
  voc: { ...affinity, at: "score", boxThreshold: 0.4 },
  coco: { ...affinity, at: "cam", boxThreshold: 0.6 },
} as const;

/** What a classifier's CAMs have; the published power is for learned contexts. docs/seed.md has what was measured. */
const ofClassifier = (name: "voc" | "coco"): SeedRecipe => ({
  affinity: { ...coarseAffinity[name], compat: "paper" },
  power: 1,
});

/** How CLIP-ES refines its CAMs, which are clamped and scaled at once. Take them with the competition "clip-es". */
export const clipEsAffinity: Readonly<
  Record<"voc" | "coco", RefineCamOptions & { readonly rounds: number }>
> = {
  voc: { power: 2, rounds: 3, at: "score", boxThreshold: 0.4, compat: "original" },
  coco: { power: 2, rounds: 3, at: "score", boxThreshold: 0.7, compat: "original" },
};

const vocScale = { longSide: { low: 288, high: 480 } };

/** FMA-WSSS on PASCAL VOC. The start of its segmentation prompts is published as a file; this is how it was most likely drawn. */
export const vocRecipe: FmaRecipe = {
  name: "voc",
  texts: vocTexts,
  classification: { ...common, steps: 1800, usedStep: 1800, warmupSteps: 500, augmentation: vocScale },
  coarse: { affinity: coarseAffinity.voc, power: 0.6 },
  segmentation: {
    ...common,
    layout: { contextLength: 16, namePosition: "front", sharing: "each" },
    namedBackground: false,
    start: { seed: "机", std: 0.0125 },
    steps: 17_000,
    usedStep: 17_000,
    warmupSteps: 500,
    augmentation: vocScale,
    classesFrom: "seed",
  },
  fine: { affinity: { ...affinity, at: "cam", boxThreshold: 0.5 }, power: 0.7 },
  others: { clip: { affinity: clipEsAffinity.voc }, classifier: ofClassifier("voc") },
};

/**
 * FMA-WSSS on COCO. The power of the coarse seeds was the best of 0.3, 0.4 and 0.5 by the training set's truth; which one that
 * was is not recorded, so it is the middle one here.
 */
export const cocoRecipe: FmaRecipe = {
  name: "coco",
  texts: cocoTexts,
  classification: {
    ...common,
    steps: 20_500,
    usedStep: 6150,
    warmupSteps: 1000,
    parts: 4,
    augmentation: { longSide: { low: 318, high: 530 } },
  },
  coarse: { affinity: coarseAffinity.coco, power: 0.4 },
  segmentation: {
    ...common,
    steps: 75_000,
    usedStep: 45_000,
    warmupSteps: 1000,
    parts: 8,
    augmentation: { longSide: { low: 318, high: 531 } },
  },
  fine: { affinity: null, power: 1 },
  others: { clip: { affinity: clipEsAffinity.coco }, classifier: ofClassifier("coco") },
};

const whole = { steps: 400, usedStep: 400, warmupSteps: 20, augmentation: null } as const;
const sceneSeeds: SeedRecipe = { affinity: null, power: 2 };

/**
 * What of the recipe for VOC suits `toy-clip` and drawn scenes. There is no affinity: the attention of so small a network is not that among
 * parts of an object, and CAMs lose by it. The power was chosen on the scenes of the demo.
 */
export const sceneRecipe: FmaRecipe = {
  name: "scenes",
  texts: sceneTexts,
  classification: { ...vocRecipe.classification, ...whole },
  coarse: sceneSeeds,
  segmentation: { ...vocRecipe.segmentation, ...whole },
  fine: sceneSeeds,
  others: {},
};

/** The texts of a recipe's prompts, classes first: G of them. */
export function promptTexts(
  { classes, background }: ClassTexts,
  { namedBackground }: PromptRecipe,
): string[] {
  return [...classes, ...background.map((text) => (namedBackground ? text : ""))];
}

/** CLIP-ES's prompt of a class or background: nothing is learned. */
export function clipEsText(name: string): string {
  return `a clean origami ${name}.`;
}
