import { Command, Option } from "commander";
import type { ModelSource } from "../models/registry.ts";
import type { PulledFile } from "../run/store/pull.ts";
import type { ModelStatus, Verification } from "../run/store/stored-models.ts";
import { addExamples } from "./options.ts";
import { exitCodes, printJson, progressKind, untilInterrupted } from "./session.ts";

interface ModelsOptions {
  readonly json?: boolean;
}

interface PullCommandOptions extends ModelsOptions {
  readonly from?: string;
  readonly source?: ModelSource["kind"];
}

/** `maskwright models list | pull | import | verify | where | remove` */
export function modelsCommand(): Command {
  const command = new Command("models").description(
    "Weights of published models: list, fetch, import and check them.",
  );
  command.addCommand(listCommand());
  command.addCommand(pullCommand());
  command.addCommand(importCommand());
  command.addCommand(verifyCommand());
  command.addCommand(whereCommand());
  command.addCommand(removeCommand());
  return addExamples(command, [
    "maskwright models list",
    "maskwright models pull sam-vit-b",
    "maskwright models import sam-vit-b sam_vit_b_01ec64.pth",
  ]);
}

function addJson(command: Command): Command {
  return command.option("--json", "print one JSON object on standard output, events on standard error");
}

function listCommand(): Command {
  const command = addJson(new Command("list").description("What models there are, and which are here."));
  addExamples(command, ["maskwright models list", "maskwright models list --json"]);
  return command.action(async ({ json }: ModelsOptions) => {
    const { folder, listModels } = await openStore();
    const models = listModels(folder);
    if (json) return printJson({ folder, models: models.map(statusJson) });
    const { formatModels } = await import("../run/store/model-table.ts");
    process.stdout.write(`${formatModels(models)}\n\nin ${folder}\n`);
  });
}

function statusJson({ entry, files, damaged, isPresent }: ModelStatus): object {
  const { name, title, license, project } = entry;
  return { name, title, license, project, present: isPresent, files, damaged, published: entry.files };
}

function pullCommand(): Command {
  const command = new Command("pull")
    .description("Fetch weights, check them, and keep them. Goes on where it stopped.")
    .argument("<names...>", "models, as `models list` has them")
    .option("--from <dir>", "take the published files from a folder, not the network ($MASKWRIGHT_MODELS)")
    .addOption(
      new Option(
        "--source <kind>",
        "where to fetch from: the authors (default) or a Hugging Face hub",
      ).choices(["authors", "hub"]),
    );
  addJson(command);
  addExamples(command, [
    "maskwright models pull sam-vit-b",
    "maskwright models pull mobile-sam clip-vit-b-16",
    "maskwright models pull sam-vit-h --source hub",
    "maskwright models pull sam-vit-b --from /mnt/weights",
  ]);
  return command.action(async (names: string[], options: PullCommandOptions) => {
    const { folder, findModel } = await openStore();
    const entries = names.map((name) => findModel(name));
    const [{ isBundled }, { pullModel }, { hubSettings }, { createTransferProgress }] = await Promise.all([
      import("../run/store/bundled-file.ts"),
      import("../run/store/pull.ts"),
      import("../run/store/hub.ts"),
      import("../run/store/transfer-progress.ts"),
    ]);
    const settings = hubSettings();
    const from = options.from ?? (process.env.MASKWRIGHT_MODELS || undefined);
    await untilInterrupted(options, STOPPING, async (signal) => {
      const progress = await createTransferProgress(progressKind(options));
      const pulled: PulledFile[] = [];
      for (const entry of entries) {
        const files = await pullModel(folder, entry, {
          settings,
          signal,
          progress,
          ...(from !== undefined && { from }),
          ...(options.source !== undefined && { source: options.source }),
        });
        pulled.push(...files);
        if (options.json) continue;
        const isNew = files.some((file) => file.isNew);
        const result = isNew ? "fetched and checked" : "was here, undamaged";
        process.stdout.write(
          `${entry.name}: ${isBundled(entry) ? "ships with the package, nothing to pull" : result}\n`,
        );
      }
      if (options.json) printJson({ folder, files: pulled.map(({ file, isNew }) => ({ ...file, isNew })) });
    });
  });
}

function importCommand(): Command {
  const command = new Command("import")
    .description("Take weights from a file: the authors' .pth or .pt, or safetensors, also your own.")
    .argument("<name>", "model, as `models list` has it")
    .argument("<file>", "weights, also in a .zip; or the vocabulary of a CLIP model, .txt.gz");
  addJson(command);
  addExamples(command, [
    "maskwright models import sam-vit-b sam_vit_b_01ec64.pth",
    "maskwright models import sam-vit-b my-finetuned.safetensors",
  ]);
  return command.action(async (name: string, path: string, options: ModelsOptions) => {
    const { folder, findModel } = await openStore();
    const { importFile } = await import("../run/store/import-file.ts");
    await untilInterrupted(options, STOPPING, async (signal) => {
      const file = await importFile(folder, findModel(name), path, signal);
      if (options.json) return printJson({ folder, files: [file] });
      const { isPublished, sha256 } = file.origin;
      const kind = isPublished ? "the published file" : `not a published file (sha256 ${sha256})`;
      process.stdout.write(`${name}: ${file.role} imported, ${kind}\n`);
    });
  });
}

function verifyCommand(): Command {
  const command = new Command("verify")
    .description("Hash what is here again: has a disk, or somebody, changed it?")
    .argument("[name]", "one model; without it all that are here");
  addJson(command);
  addExamples(command, ["maskwright models verify", "maskwright models verify sam-vit-b"]);
  return command.action(async (name: string | undefined, options: ModelsOptions) => {
    const { folder, locateNotes, mendingHint, verifyFile } = await openStore();
    await untilInterrupted(options, STOPPING, async (signal) => {
      const verified: Verification[] = [];
      for (const file of locateNotes(folder, name)) verified.push(await verifyFile(file, { signal }));
      if (verified.some(({ fault }) => fault !== null)) process.exitCode = exitCodes.failed;
      if (options.json) return printJson({ folder, files: verified });
      for (const { model, role, fault } of verified)
        process.stdout.write(`${model} ${role}: ${fault ?? "undamaged"}\n`);
      if (verified.length === 0) process.stdout.write(`nothing in ${folder}\n`);
      const damaged = verified.filter(({ fault }) => fault !== null);
      for (const hint of new Set(damaged.map((file) => mendingHint(file))))
        process.stderr.write(`hint: ${hint}\n`);
    });
  });
}

function whereCommand(): Command {
  const command = new Command("where")
    .description("Print where weights are kept.")
    .argument("[name]", "one model; without it the folder of all");
  addJson(command);
  addExamples(command, ["maskwright models where", "maskwright models where sam-vit-b"]);
  return command.action(async (name: string | undefined, { json }: ModelsOptions) => {
    const { folder, locateFiles } = await openStore();
    const files = locateFiles(folder, name);
    if (json) printJson({ folder, files });
    else process.stdout.write(`${name === undefined ? folder : files.map(({ path }) => path).join("\n")}\n`);
  });
}

function removeCommand(): Command {
  const command = new Command("remove")
    .description("Delete weights from this machine.")
    .argument("<names...>", "models, as `models list` has them");
  addJson(command);
  addExamples(command, [
    "maskwright models remove sam-vit-h",
    "maskwright models remove sam-vit-b sam-vit-l",
  ]);
  return command.action(async (names: string[], { json }: ModelsOptions) => {
    const { folder, findModel, removeModel } = await openStore();
    const entries = names.map((name) => findModel(name));
    const removed = entries.filter((entry) => removeModel(folder, entry)).map(({ name }) => name);
    if (json) return printJson({ folder, removed });
    const { isBundled } = await import("../run/store/bundled-file.ts");
    for (const entry of entries) {
      const reason = isBundled(entry) ? "ships with the package, nothing to remove" : "was not here";
      process.stdout.write(`${entry.name}: ${removed.includes(entry.name) ? "removed" : reason}\n`);
    }
  });
}

const STOPPING = "stopping; what is here stays (again to stop now)";

/** What all commands need, loaded when one runs. */
async function openStore() {
  const [{ modelsFolder }, models, { findModel }] = await Promise.all([
    import("../run/store/location.ts"),
    import("../run/store/stored-models.ts"),
    import("../models/registry.ts"),
  ]);
  const folder = modelsFolder();
  return { folder, findModel, ...models };
}
