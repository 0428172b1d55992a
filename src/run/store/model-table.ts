import type { ModelEntry } from "../../models/registry.ts";
import { bundledFile, isBundled } from "./bundled-file.ts";
import type { ModelStatus } from "./stored-models.ts";
import { formatBytes } from "./transfer-progress.ts";

/** A line for each model: its name, what it is to fetch, its license, and whether it is here. */
export function formatModels(models: readonly ModelStatus[]): string {
  const rows = models.map((model) => [
    model.entry.name,
    describeDownload(model.entry),
    model.entry.license,
    describePresence(model),
  ]);
  const table = [["model", "download", "license", "here"], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table
    .map((row) =>
      row
        .map((cell, k) => cell.padEnd(widths[k]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function describePresence({ entry, files, damaged, isPresent }: ModelStatus): string {
  const isShipped = files.some(({ role, path }) => path === bundledFile(entry, role)?.path);
  if (isPresent) return isShipped ? "ships with the package" : "here";
  return damaged.length > 0 ? "damaged" : files.length > 0 ? "in part" : "-";
}

function describeDownload(entry: ModelEntry): string {
  return isBundled(entry) ? "-" : describeSize(entry.files.map(({ sources }) => sources[0].bytes));
}

function describeSize(sizes: readonly (number | null)[]): string {
  if (sizes.includes(null)) return "unknown";
  return formatBytes(sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0));
}
