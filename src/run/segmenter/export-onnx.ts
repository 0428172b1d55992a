import { MaskwrightError } from "../../core/error.ts";
import type { Precision } from "../../engine/index.ts";
import { openWeightFile } from "../../engine/node.ts";
import { exportSegmenter } from "../../methods/segment/inference-export.ts";
import { sidesOf } from "../../methods/segment/inference-network.ts";
import { segmenterWeights } from "../../models/segmenter/network.ts";
import { writeAtomically } from "../files.ts";
import { version } from "../version.ts";
import { openEncoder } from "./open-encoder.ts";
import { isPixelModel, readPixelModel } from "./predict-model.ts";

export interface ExportRequest {
  readonly checkpoint: string;
  /** The .onnx to write. */
  readonly out: string;
  /** Of the square that the network sees; null is that of its training. */
  readonly side: number | null;
  readonly precision: Precision;
}

export interface ExportReport {
  readonly command: "export";
  readonly maskwright: string;
  readonly out: string;
  /** Of the note beside the model. */
  readonly description: string;
  readonly side: number;
  readonly precision: Precision;
  /** By the values that `labels` have. */
  readonly classes: readonly string[];
  readonly bytes: number;
}

/**
 * Writes a segmenter as one ONNX model, and beside it as JSON what its `metadata_props` say, since JavaScript's runtimes do not show them.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a prompter's checkpoint or a name that does not end in .onnx; as `readPixelModel`, `openEncoder` and
 *         `exportSegmenter`
 */
export async function exportOnnx({ checkpoint, out, side, precision }: ExportRequest): Promise<ExportReport> {
  if (!/\.onnx$/i.test(out))
    throw new MaskwrightError("INVALID_ARGUMENT", `${out}: expected a name that ends in .onnx, got another`);
  if (!isPixelModel(checkpoint))
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `${checkpoint}: expected a segmenter's checkpoint, got a prompter's`,
      {
        hint: "A prompter needs SAM's embeddings and its decoder, which are no single model: use `predict`.",
      },
    );
  const model = await readPixelModel(checkpoint);
  const { network, normalization, classes, channelIds, sha256 } = model;
  const encoder = network.kind === "light" ? await openEncoder(network.encoder, { inMemory: true }) : null;
  const file = openWeightFile(model.path);
  try {
    const { kind, step } = sidesOf({ encoder });
    const chosen = side ?? (kind === "exact" ? step : Math.ceil(model.side / step) * step);
    const metadata = {
      maskwright: version,
      classes: JSON.stringify(classes),
      mean: JSON.stringify(normalization.mean),
      std: JSON.stringify(normalization.deviation),
      image: "float32 [1, 3, height, width]: red, green and blue from 0 to 255, any size",
      preprocessing: `inside: the longer side becomes ${chosen} px (bilinear, averaging when shrinking, at most eight times as large), the rest of the square is the mean, (level / 255 - mean) / std`,
      labels: "uint8 [1, height, width]: index in classes, by nearest from the square's resolution",
      logits: `float32 [1, ${channelIds.length}, h, w]: of the classes ${channelIds[0]} to ${channelIds[channelIds.length - 1]}, on a grid over the picture`,
      side: String(chosen),
      precision,
      checkpoint: sha256,
    };
    const weights = segmenterWeights(file, network);
    const options = { side: chosen, channelIds, precision, metadata };
    const bytes = exportSegmenter({ network, weights, encoder, normalization }, options);
    const description = `${out.slice(0, -".onnx".length)}.json`;
    writeAtomically(out, bytes);
    writeAtomically(description, `${JSON.stringify(describe(metadata, classes), null, 2)}\n`);
    const report = { out, description, side: chosen, precision, classes, bytes: bytes.length };
    return { command: "export", maskwright: version, ...report };
  } finally {
    file.close();
    encoder?.close();
  }
}

/** The entries with lists as lists. */
function describe(
  metadata: Readonly<Record<string, string>>,
  classes: readonly string[],
): Readonly<Record<string, unknown>> {
  const { mean, std, side } = metadata;
  return { ...metadata, classes, mean: JSON.parse(mean), std: JSON.parse(std), side: Number(side) };
}
