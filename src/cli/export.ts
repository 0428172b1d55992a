import { Command } from "commander";
import { addPrecisionOption, computing, type ModelOptions } from "./mask-options.ts";
import { addExamples, wholeNumber } from "./options.ts";
import { printJson } from "./session.ts";

interface ExportOptions extends Pick<ModelOptions, "precision"> {
  readonly out: string;
  readonly side?: number;
  readonly json?: boolean;
}

/** `maskwright export onnx CHECKPOINT -o FILE` */
export function exportCommand(): Command {
  const command = new Command("export").description("Write a trained model for other programs.");
  command.addCommand(onnxCommand());
  return addExamples(command, [
    "maskwright export onnx runs/segmenter/checkpoint.safetensors -o segmenter.onnx",
    "maskwright export onnx segformer-b0-ade -o ade.onnx --side 640",
  ]);
}

function onnxCommand(): Command {
  const command = new Command("onnx")
    .description("A segmenter as one ONNX model: any picture in, class ids out, everything inside.")
    .argument(
      "<checkpoint>",
      "of `train segmenter`, or a folder of a published SegFormer (config.json, model.safetensors)",
    )
    .requiredOption(
      "-o, --out <file>",
      "the .onnx to write; what it says of itself also goes to a .json beside it",
    )
    .option(
      "--side <px>",
      "of the square that pictures are brought to (default: as it was trained)",
      wholeNumber,
    );
  addPrecisionOption(command).option("--json", "print one JSON object on standard output");
  addExamples(command, [
    "maskwright export onnx runs/segmenter/checkpoint.safetensors -o segmenter.onnx",
    "maskwright export onnx runs/segmenter/checkpoint.safetensors -o small.onnx --precision fp16",
  ]);
  return command.action(async (checkpoint: string, { out, side, json, precision }: ExportOptions) => {
    const { exportOnnx } = await import("../run/segmenter/export-onnx.ts");
    const how = computing(precision === undefined ? {} : { precision });
    const report = await exportOnnx({ checkpoint, out, side: side ?? null, precision: how.precision });
    if (json) return printJson(report);
    const megabytes = (report.bytes / 1e6).toFixed(1);
    process.stdout.write(
      `${out}: ${report.classes.length - 1} classes, squares of ${report.side} px, ${megabytes} MB; described in ${report.description}\n`,
    );
  });
}
