import { Command } from "commander";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import { checkNoClip, checkNoTraining } from "./mask-checks.ts";
import { addDeviceOption, addPrecisionOption, type ModelOptions } from "./mask-options.ts";
import { addExamples, addWorkOptions, selectionOf } from "./options.ts";
import { printEstimate, printJson, withSession } from "./session.ts";
import { addTagOptions, camSourceChoice, sourceName, type TagOptions } from "./tag-options.ts";

interface CamCommandOptions extends TagOptions, Pick<ModelOptions, "precision" | "device"> {
  readonly out: string;
  readonly attention?: boolean;
  readonly overlay?: boolean;
  readonly dryRun?: boolean;
}

/** `maskwright cam IMAGES --tags FILE -o DIR` */
export function camCommand(): Command {
  const command = new Command("cam")
    .description("Class activation maps of tagged photos: where their classes are, roughly.")
    .argument("<images>", "folder of photos")
    .requiredOption("-o, --out <dir>", "run directory; CAMs go to DIR/cams/<id>.safetensors");
  addDeviceOption(addPrecisionOption(addTagOptions(command)))
    .option(
      "--attention",
      "also keep how positions resemble each other, for `affinity` and for `seed --cams`",
    )
    .option("--overlay", "also draw heat maps over the photos, in DIR/overlay")
    .option("--dry-run", "say what it would take, and write nothing");
  addWorkOptions(command);
  addExamples(command, [
    "maskwright cam photos --tags tags.csv --classes classes.txt --weights mobilenet_v2.tflite -o runs/cam",
    "maskwright cam JPEGImages --tags image_tags.json --weights model.safetensors -o runs/voc-cam",
    "maskwright cam photos --tags tags.csv --weights mobilenet_v2.tflite --ids train.txt --dry-run -o runs/cam",
    "maskwright cam photos --tags tags.csv --classes classes.txt --texts texts.json -o runs/clip",
    "maskwright cam photos --tags tags.csv --contexts runs/prompts --attention -o runs/fma",
  ]);
  return command.action((images: string, options: CamCommandOptions) => runCam(images, options));
}

async function runCam(images: string, options: CamCommandOptions): Promise<void> {
  const { tags, out, attention = false, overlay = false } = options;
  if (tags === undefined)
    throw new MaskwrightError("INVALID_ARGUMENT", "cam: expected --tags FILE, got none");
  if (sourceName(options) === "classifier") checkNoClip(options);
  else checkNoTraining(options);
  await withSession(options, async (context) => {
    const [{ estimateCams, makeCams }, { chooseCamSource }, { classList }, { readTags }] = await Promise.all([
      import("../run/cam.ts"),
      import("../run/cams/choose-cam-source.ts"),
      import("../data/class-list.ts"),
      import("../data/weak-labels.ts"),
    ]);
    const classes = await classList(options.classes);
    const labels = await readTags(tags, classes.classes);
    const source = await chooseCamSource(camSourceChoice(options, classes));
    const shared = {
      images,
      out,
      overlay,
      classes,
      source,
      keepsAttention: attention,
      ...selectionOf(options),
    };
    const request = { ...shared, tags: { path: tags, labels } };
    if (options.dryRun) return await printEstimate(await estimateCams(request, context), options);
    const report = await makeCams(request, context);
    if (options.json) printJson(report);
    else {
      const loss = report.loss === null ? "" : `, training loss ${report.loss.toPrecision(3)}`;
      process.stdout.write(
        `${formatCount(report.images, "image")}, ${formatCount(report.maps, "map")}${loss}: ${out}/cams\n`,
      );
    }
    return report.failures.length === 0;
  });
}
