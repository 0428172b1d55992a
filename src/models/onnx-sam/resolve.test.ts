import { describe, expect, it } from "vitest";
import type { Runtime } from "../../engine/index.ts";
import type { Dim } from "../../engine/shape.ts";
import { createOnnxSam } from "./onnx-sam.ts";
import { type Named, type ResolvedPair, resolvePair } from "./resolve.ts";

type Value = Named["inputs"][number];

function value(name: string, shape: readonly Dim[] | null, dtype = "float32"): Value {
  return { name, shape, dtype };
}

function named(where: string, inputs: readonly Value[], outputs: readonly Value[]): Named {
  return { where, inputs, outputs, externalFiles: [] };
}

/** As segment-anything's script and samexporter write them. */
const officialInputs: readonly Value[] = [
  value("image_embeddings", [1, 256, 64, 64]),
  value("point_coords", [1, "num_points", 2]),
  value("point_labels", [1, "num_points"]),
  value("mask_input", [1, 1, 256, 256]),
  value("has_mask_input", [1]),
  value("orig_im_size", [2]),
];
const officialOutputs = ["masks", "iou_predictions", "low_res_masks"].map((name) => value(name, null));
const encoder = named(
  "encoder.onnx",
  [value("input_image", [1, 3, 1024, 1024])],
  [value("image_embeddings", [1, 256, 64, 64])],
);
const decoder = named("decoder.onnx", officialInputs, officialOutputs);

/** The decoder with one input in the place of that of its name, or without it. */
function withInput(changed: Value | null, name = changed?.name): Named {
  const inputs = officialInputs.flatMap((each) =>
    each.name !== name ? [each] : changed === null ? [] : [changed],
  );
  return { ...decoder, inputs };
}

function withImage(...inputs: Value[]): Named {
  return { ...encoder, inputs };
}

describe("resolvePair", () => {
  it("knows the published layouts, with lengths free or given", () => {
    const batch = "batch_size";
    const pairs: Record<string, readonly [Named, Named]> = {
      "segment-anything": [encoder, decoder],
      "samexporter's SAM 2": [
        named(
          "e",
          [value("image", [1, 3, 1024, 1024])],
          [
            value("high_res_feats_0", [1, 32, 256, 256]),
            value("high_res_feats_1", [1, 64, 128, 128]),
            value("image_embed", [1, 256, 64, 64]),
          ],
        ),
        named(
          "d",
          [
            value("image_embed", [1, 256, 64, 64]),
            value("high_res_feats_0", [1, 32, 256, 256]),
            value("high_res_feats_1", [1, 64, 128, 128]),
            value("point_coords", ["num_labels", "num_points", 2]),
            value("point_labels", ["num_labels", "num_points"]),
            value("mask_input", ["num_labels", 1, 256, 256]),
            value("has_mask_input", ["num_labels"]),
          ],
          [value("masks", ["num_labels", 3, "?", "?"]), value("iou_predictions", ["num_labels", 3])],
        ),
      ],
      "transformers' SAM": [
        named(
          "e",
          [value("pixel_values", [batch, 3, 1024, 1024])],
          [
            value("image_embeddings", [batch, 256, 64, 64]),
            value("image_positional_embeddings", [batch, 256, 64, 64]),
          ],
        ),
        named(
          "d",
          [
            value("input_points", [batch, "point_batch_size", "nb_points_per_image", 2]),
            value("input_labels", [batch, "point_batch_size", "nb_points_per_image"], "int64"),
            value("image_embeddings", [batch, 256, 64, 64]),
            value("image_positional_embeddings", [batch, 256, 64, 64]),
          ],
          [value("iou_scores", null), value("pred_masks", null)],
        ),
      ],
      "transformers' SAM 2": [
        named(
          "e",
          [value("pixel_values", [batch, 3, 1024, 1024])],
          ["image_embeddings.0", "image_embeddings.1", "image_embeddings.2"].map((name) => value(name, null)),
        ),
        named(
          "d",
          [
            value("input_points", [batch, 1, "num_points", 2]),
            value("input_labels", [batch, 1, "num_points"], "int64"),
            value("input_boxes", [batch, "num_boxes", 4]),
            value("image_embeddings.0", [batch, 32, 256, 256]),
            value("image_embeddings.1", [batch, 64, 128, 128]),
            value("image_embeddings.2", [batch, 256, 64, 64]),
          ],
          [value("iou_scores", null), value("pred_masks", null), value("object_score_logits", null)],
        ),
      ],
    };
    const found = Object.values(pairs).map(([e, d]) => resolvePair(e, d));
    expect(found.map(({ layout }) => layout.name)).toEqual(Object.keys(pairs));
    const summary = ({ grid, labelDtype, takesBoxes }: ResolvedPair) => [grid, labelDtype, takesBoxes];
    expect(found.map(summary)).toEqual([
      [64, "float32", true],
      [64, "float32", true],
      [64, "int64", false],
      [64, "int64", true],
    ]);
  });

  it("knows pictures as levels, of one size or of any, and features of another name by their shape", () => {
    const levels = withImage(value("input_image", ["image_height", "image_width", 3]));
    expect(resolvePair(levels, decoder).image).toEqual({
      name: "input_image",
      form: "levels",
      isSquare: false,
    });
    expect(resolvePair(withImage(value("x", [1024, 1024, 3])), decoder).image.isSquare).toBe(true);
    const renamed = { ...encoder, outputs: [value("output", [1, 256, 64, 64]), value("other", [1, 2])] };
    expect([...resolvePair(renamed, decoder).features]).toEqual([["image_embeddings", "output"]]);
  });

  it("takes the grid from the encoder where the decoder leaves it free, and SAM's where both do", () => {
    const free = { ...withInput(value("image_embeddings", ["?", "?", "?", "?"])) };
    const open = {
      ...free,
      inputs: free.inputs.map((each) => ({ ...each, shape: each.name === "mask_input" ? null : each.shape })),
    };
    expect(resolvePair(withImage(value("x", [1, 3, 512, 512])), open).grid).toBe(32);
    expect(resolvePair(withImage(value("x", [1, 3, "h", "w"])), free).grid).toBe(64);
  });

  const refused: readonly (readonly [
    what: string,
    encoder: Named,
    decoder: Named,
    line: string,
    hint: string,
  ])[] = [
    [
      "a decoder that lacks an input",
      encoder,
      withInput(null, "has_mask_input"),
      'decoder.onnx: expected the decoder of a layout that is known (segment-anything, samexporter\'s SAM 2, transformers\' SAM, transformers\' SAM 2), got inputs float32 [1, 256, 64, 64] "image_embeddings", float32 [1, num_points, 2] "point_coords", float32 [1, num_points] "point_labels", float32 [1, 1, 256, 256] "mask_input", float32 [2] "orig_im_size"; outputs float32 of any shape "masks", float32 of any shape "iou_predictions", float32 of any shape "low_res_masks"',
      'closest to segment-anything, which also has "has_mask_input"',
    ],
    [
      "a decoder with an input that nothing is known of",
      encoder,
      { ...decoder, inputs: [...officialInputs, value("text", [1, 77], "int64")] },
      'int64 [1, 77] "text"; outputs',
      'closest to segment-anything, which has no "text"',
    ],
    [
      "a decoder without masks of low resolution",
      encoder,
      { ...decoder, outputs: officialOutputs.slice(0, 2) },
      "decoder.onnx: expected the decoder of a layout",
      'closest to segment-anything, which also has "low_res_masks"',
    ],
    [
      "another type",
      encoder,
      withInput(value("point_coords", [1, "n", 2], "float16")),
      'decoder.onnx: input "point_coords": expected float32, got float16',
      "export the model with inputs and outputs of that type, whatever it computes with",
    ],
    [
      "a type that is none of ours",
      encoder,
      { ...decoder, outputs: officialOutputs.map((each) => ({ ...each, dtype: "bfloat16" })) },
      'decoder.onnx: output "low_res_masks": expected float32, got bfloat16',
      "export the model with inputs and outputs of that type, whatever it computes with",
    ],
    [
      "another rank",
      encoder,
      withInput(value("point_coords", [1, 1, "n", 2])),
      'decoder.onnx: input "point_coords": expected [1, n, 2], got float32 [1, 1, n, 2] "point_coords"',
      "",
    ],
    [
      "a fixed number of points",
      encoder,
      withInput(value("point_labels", [1, 5])),
      'decoder.onnx: input "point_labels": expected [1, n], got float32 [1, 5] "point_labels"',
      "",
    ],
    [
      "masks of another size",
      encoder,
      withInput(value("mask_input", [1, 1, 128, 128])),
      'decoder.onnx: input "mask_input": expected [1, 1, 256, 256]',
      "",
    ],
    [
      "an encoder of two inputs",
      withImage(value("a", [1, 3, 1024, 1024]), value("b", [1])),
      decoder,
      'encoder.onnx: expected one input, the picture, got float32 [1, 3, 1024, 1024] "a", float32 [1] "b"',
      "",
    ],
    [
      "an encoder of something else",
      withImage(value("tokens", [1, 77])),
      decoder,
      'encoder.onnx: expected a picture, float32 [1, 3, S, S] or [height, width, 3], got float32 [1, 77] "tokens"',
      "export the encoder with pictures in planes, or in rows of red, green and blue",
    ],
    [
      "bytes as a picture",
      withImage(value("image", [1, 3, 1024, 1024], "uint8")),
      decoder,
      'encoder.onnx: input "image": expected float32, got uint8',
      "export the model with inputs and outputs of that type, whatever it computes with",
    ],
    [
      "another encoder's decoder",
      { ...encoder, outputs: [value("features", [1, 192, 64, 64])] },
      decoder,
      'encoder.onnx: expected an output that is the decoder\'s float32 [1, 256, 64, 64] "image_embeddings", got float32 [1, 192, 64, 64] "features"',
      "take the encoder and the decoder of one export",
    ],
    [
      "SAM 3, whose cells are 14 px",
      withImage(value("pixel_values", [1, 3, 1008, 1008])),
      decoder,
      "encoder.onnx: expected a picture of 16 px for each cell of the decoder's embedding, at most 256 cells wide",
      "SAM 3 and models of other strides are not supported",
    ],
    [
      "a picture that would not fit memory",
      withImage(value("x", [1, 3, 2 ** 20, 2 ** 20])),
      withInput(value("image_embeddings", [1, 256, 2 ** 16, 2 ** 16])),
      "at most 256 cells wide, got",
      "SAM 3 and models of other strides are not supported",
    ],
  ];
  it.each(refused)("refuses %s", (_, first, second, line, hint) => {
    let error: unknown;
    try {
      resolvePair(first, second);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: "BAD_FORMAT", message: expect.stringContaining(line) });
    if (hint !== "") expect(error).toMatchObject({ hint });
    expect((error as Error).message).not.toContain("\n");
  });
});

describe("createOnnxSam", () => {
  it("refuses a broken file in one line", () => {
    const broken = { where: "encoder.onnx", read: () => Uint8Array.of(1, 2, 3) };
    expect(() => createOnnxSam({ encoder: broken, decoder: broken }, {} as Runtime)).toThrow(
      /^encoder\.onnx: expected an ONNX model, got 3 bytes .*$/,
    );
  });
});
