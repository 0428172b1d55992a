import { badFormat } from "../../core/error.ts";
import { formatValue, type ModelSummary } from "../../engine/index.ts";

/**
 * How an export of a SAM names and arranges what goes into its decoder and comes out. The encoder has one input, the picture, and its
 * outputs are known by the names that the decoder has for them.
 */
export interface SamLayout {
  readonly name: string;
  /** Inputs that the encoder makes: the embedding, then what else the decoder takes of the picture. */
  readonly features: readonly [embedding: string, ...rest: string[]];
  readonly points: string;
  readonly labels: string;
  /** The input for boxes; where there is none, their corners are points of the labels 2 and 3, or boxes cannot be said. */
  readonly boxes: string | "corners";
  /** Of points, [B, n, 2], or 4 with an axis of prompts before n. */
  readonly rank: 3 | 4;
  /** Whether a prompt without a box has to end with a point of padding; elsewhere the graph adds it. */
  readonly isPaddedByCaller: boolean;
  /** Inputs for a mask prompt, and whether it counts. */
  readonly mask: { readonly logits: string; readonly has: string } | null;
  /** Input for the size at which the graph makes masks of its own. */
  readonly size: string | null;
  /** Outputs: masks of low resolution, and their quality. */
  readonly masks: string;
  readonly predictedIou: string;
  /** Whether the picture is stretched to a square; else its longer side is the square's. */
  readonly isStretched: boolean;
}

const official = {
  points: "point_coords",
  labels: "point_labels",
  boxes: "corners",
  rank: 3,
  mask: { logits: "mask_input", has: "has_mask_input" },
  predictedIou: "iou_predictions",
} as const;

const transformers = {
  points: "input_points",
  labels: "input_labels",
  boxes: "input_boxes",
  rank: 4,
  isPaddedByCaller: false,
  mask: null,
  size: null,
  masks: "pred_masks",
  predictedIou: "iou_scores",
} as const;

export const samLayouts: readonly SamLayout[] = [
  {
    ...official,
    name: "segment-anything",
    features: ["image_embeddings"],
    isPaddedByCaller: true,
    size: "orig_im_size",
    masks: "low_res_masks",
    isStretched: false,
  },
  {
    ...official,
    name: "samexporter's SAM 2",
    features: ["image_embed", "high_res_feats_0", "high_res_feats_1"],
    isPaddedByCaller: false,
    size: null,
    masks: "masks",
    isStretched: true,
  },
  {
    ...transformers,
    name: "transformers' SAM",
    features: ["image_embeddings", "image_positional_embeddings"],
    isStretched: false,
  },
  {
    ...transformers,
    name: "transformers' SAM 2",
    features: ["image_embeddings.2", "image_embeddings.0", "image_embeddings.1"],
    isStretched: true,
  },
];

/** Inputs and outputs that a layout needs and a decoder lacks, and inputs that it has no use for. */
interface Misfit {
  readonly layout: SamLayout;
  readonly missing: readonly string[];
  readonly unknown: readonly string[];
}

/**
 * The layout of a decoder, by the names of its inputs and outputs.
 *
 * @param where  what to call the decoder in an error
 * @throws MaskwrightError BAD_FORMAT that lists what it has, with a hint what the closest layout would have
 */
export function findLayout(decoder: ModelSummary, where: string): SamLayout {
  const misfits = samLayouts.map((layout) => compare(layout, decoder));
  const fit = misfits.find(({ missing, unknown }) => missing.length + unknown.length === 0);
  if (fit !== undefined) return fit.layout;
  const closest = misfits.reduce((best, each) => (count(each) < count(best) ? each : best));
  const { layout, missing, unknown } = closest;
  throw badFormat(
    where,
    `the decoder of a layout that is known (${samLayouts.map(({ name }) => name).join(", ")})`,
    `inputs ${list(decoder.inputs)}; outputs ${list(decoder.outputs)}`,
    [
      `closest to ${layout.name}`,
      ...(missing.length > 0 ? [`which also has ${missing.map(quote).join(", ")}`] : []),
      ...(unknown.length > 0 ? [`which has no ${unknown.map(quote).join(", ")}`] : []),
    ].join(", "),
  );
}

function compare(layout: SamLayout, { inputs, outputs }: ModelSummary): Misfit {
  const { features, points, labels, boxes, mask, size, masks, predictedIou } = layout;
  const optional = boxes === "corners" ? [] : [boxes];
  const needed = [
    ...features,
    points,
    labels,
    ...(mask === null ? [] : [mask.logits, mask.has]),
    ...(size === null ? [] : [size]),
  ];
  const has = new Set(inputs.map(({ name }) => name));
  const gives = new Set(outputs.map(({ name }) => name));
  return {
    layout,
    missing: [
      ...needed.filter((name) => !has.has(name)),
      ...[masks, predictedIou].filter((name) => !gives.has(name)),
    ],
    unknown: [...has].filter((name) => !needed.includes(name) && !optional.includes(name)),
  };
}

function count({ missing, unknown }: Misfit): number {
  return missing.length + unknown.length;
}

/** Values as errors list them, twelve at most. */
export function list(values: ModelSummary["inputs"]): string {
  const shown = values.slice(0, 12).map(formatValue).join(", ");
  return values.length > 12 ? `${shown} and ${values.length - 12} more` : shown || "none";
}

function quote(name: string): string {
  return `"${name}"`;
}
