import { badFormat } from "../../core/error.ts";
import { type Dim, formatValue, type ModelSummary, type ModelValue } from "../../engine/index.ts";
import { findLayout, list, type SamLayout } from "./layout.ts";

/** A pair of models that fit together, and all that has to be known to run them. */
export interface ResolvedPair {
  readonly layout: SamLayout;
  /** Cells along a side of the embedding; masks have four times as many, and the picture 16 times. */
  readonly grid: number;
  readonly image: {
    readonly name: string;
    /** [1, 3, S, S], normalised and padded; or [h, w, 3], the grey levels of the resized picture. */
    readonly form: "planes" | "levels";
    /** Whether the graph takes only whole squares. */
    readonly isSquare: boolean;
  };
  /** The encoder's output for each of the layout's features. */
  readonly features: ReadonlyMap<string, string>;
  readonly labelDtype: "float32" | "int32" | "int64";
  readonly sizeDtype: "float32" | "int64";
  readonly takesBoxes: boolean;
}

/** Cells along a side of the largest embedding that is taken, for pictures of 4,096 px; SAM has 64. */
const MAX_GRID = 256;

/** What a model and its summary are called in errors. */
export interface Named extends ModelSummary {
  readonly where: string;
}

/**
 * Fits an encoder and a decoder together, by names and then by shapes.
 *
 * @throws MaskwrightError BAD_FORMAT naming an input or output that is missing, or of another type or shape than its layout says
 */
export function resolvePair(encoder: Named, decoder: Named): ResolvedPair {
  const layout = findLayout(decoder, decoder.where);
  const input = finder(decoder, decoder.inputs, "input");
  const output = finder(decoder, decoder.outputs, "output");
  const features = matchFeatures(
    encoder,
    layout.features.map((name) => input(name, ["float32"])),
  );
  const [, , height, width] = input(layout.features[0], ["float32"], [1, "any", "any", "any"]).shape as Dim[];
  const image = imageInput(encoder);
  const known = [height, width, ...image.sides.map((side) => (typeof side === "number" ? side / 16 : side))];
  const grid = known.find((dim) => typeof dim === "number") ?? 64;
  const isGrid = Number.isInteger(grid) && grid >= 1 && grid <= MAX_GRID;
  if (!isGrid || known.some((dim) => typeof dim === "number" && dim !== grid))
    throw badFormat(
      encoder.where,
      `a picture of 16 px for each cell of the decoder's embedding, at most ${MAX_GRID} cells wide`,
      `${formatValue(image.value)} and ${formatValue(input(layout.features[0], ["float32"]))}`,
      "SAM 3 and models of other strides are not supported",
    );
  const { points, labels, boxes, mask, size, rank } = layout;
  const prompts: Pattern = rank === 3 ? [1, "free"] : [1, 1, "free"];
  input(points, ["float32"], [...prompts, 2]);
  const { dtype: labelDtype } = input(labels, ["float32", "int32", "int64"], prompts);
  const takesBoxes = boxes === "corners" || decoder.inputs.some(({ name }) => name === boxes);
  if (boxes !== "corners" && takesBoxes) input(boxes, ["float32"], [1, "free", 4]);
  if (mask !== null) {
    input(mask.logits, ["float32"], [1, 1, 4 * grid, 4 * grid]);
    input(mask.has, ["float32"], [1]);
  }
  const sizeDtype = size === null ? "float32" : input(size, ["float32", "int64"], [2]).dtype;
  output(layout.masks, ["float32"]);
  output(layout.predictedIou, ["float32"]);
  const { name, form, sides } = image;
  return {
    layout,
    grid,
    image: { name, form, isSquare: sides.every((side) => typeof side === "number") },
    features,
    labelDtype: labelDtype as ResolvedPair["labelDtype"],
    sizeDtype: sizeDtype as ResolvedPair["sizeDtype"],
    takesBoxes,
  };
}

/** Lengths that a shape must have: a number, or that same number left free; one that must be free; or any. */
type Pattern = readonly (number | "free" | "any")[];

type Find = (name: string, dtypes: readonly string[], pattern?: Pattern) => ModelValue;

/** Looks values up by name and checks them. */
function finder({ where }: Named, values: readonly ModelValue[], kind: "input" | "output"): Find {
  return (name, dtypes, pattern) => {
    const value = values.find((each) => each.name === name) as ModelValue;
    checkValue(`${where}: ${kind} "${name}"`, value, dtypes, pattern);
    return value;
  };
}

function checkValue(where: string, value: ModelValue, dtypes: readonly string[], pattern?: Pattern): void {
  const { shape, dtype } = value;
  if (!dtypes.includes(dtype))
    throw badFormat(
      where,
      dtypes.join(" or "),
      dtype,
      "export the model with inputs and outputs of that type, whatever it computes with",
    );
  if (pattern === undefined || shape === null) return;
  const fits = (dim: Dim, k: number): boolean => {
    const wanted = pattern[k];
    return wanted === "any" || typeof dim === "string" || dim === wanted;
  };
  if (shape.length !== pattern.length || !shape.every(fits))
    throw badFormat(
      where,
      `[${pattern.map((each) => (typeof each === "number" ? each : each === "free" ? "n" : "?")).join(", ")}]`,
      formatValue(value),
    );
}

/** The encoder's output for each of the decoder's inputs: of the same name, or the only other one of the same shape. */
function matchFeatures(
  { where, outputs }: Named,
  wanted: readonly ModelValue[],
): ReadonlyMap<string, string> {
  const names = new Set(wanted.map(({ name }) => name));
  const others = outputs.filter(({ name }) => !names.has(name));
  return new Map(
    wanted.map((value) => {
      const same = outputs.find(({ name }) => name === value.name);
      const alike = others.filter(({ shape }) => shape !== null && shape.join() === value.shape?.join());
      const found = same ?? (alike.length === 1 ? alike[0] : undefined);
      if (found === undefined)
        throw badFormat(
          where,
          `an output that is the decoder's ${formatValue(value)}`,
          list(outputs),
          "take the encoder and the decoder of one export",
        );
      checkValue(`${where}: output "${found.name}"`, found, ["float32"]);
      return [value.name, found.name];
    }),
  );
}

/** The encoder's one input. */
function imageInput({ where, inputs }: Named): {
  readonly name: string;
  readonly form: "planes" | "levels";
  readonly sides: readonly Dim[];
  readonly value: ModelValue;
} {
  const [value] = inputs;
  if (inputs.length !== 1) throw badFormat(where, "one input, the picture", list(inputs));
  const { name, shape } = value;
  checkValue(`${where}: input "${name}"`, value, ["float32"]);
  if (shape?.length === 4 && (shape[1] === 3 || typeof shape[1] === "string")) {
    checkValue(`${where}: input "${name}"`, value, ["float32"], [1, 3, "any", "any"]);
    return { name, form: "planes", sides: shape.slice(2), value };
  }
  if (shape?.length === 3 && shape[2] === 3) return { name, form: "levels", sides: shape.slice(0, 2), value };
  throw badFormat(
    where,
    "a picture, float32 [1, 3, S, S] or [height, width, 3]",
    formatValue(value),
    "export the encoder with pictures in planes, or in rows of red, green and blue",
  );
}
