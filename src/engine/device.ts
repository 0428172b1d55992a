import { MaskwrightError } from "../core/error.ts";

/** Where a graph is computed. "cpu" is WebAssembly in a browser. */
export type Device = "cpu" | "cuda" | "webgpu" | "coreml" | "directml";

export interface DeviceOptions {
  /** One device, or several of which the first that is there is taken. Default "cpu". */
  readonly device?: Device | readonly Device[];
}

/** Why a device cannot be used, and what would change that. */
export interface Absence {
  readonly reason: string;
  readonly hint?: string;
}

/**
 * What `open` gives for the first device that it does not refuse.
 *
 * @param open  throws when the device is not there
 * @param explain  says so in words a user can act on
 * @throws MaskwrightError MODEL naming every device that was tried
 */
export async function openDevice<T>(
  { device = "cpu" }: DeviceOptions,
  open: (device: Device) => Promise<T>,
  explain: (device: Device, error: unknown) => Absence,
): Promise<T> {
  const tried: string[] = [];
  let hint: string | undefined;
  for (const each of typeof device === "string" ? [device] : device) {
    try {
      return await open(each);
    } catch (error) {
      const absence = explain(each, error);
      tried.push(`${each}: ${absence.reason}`);
      hint ??= absence.hint;
    }
  }
  throw new MaskwrightError(
    "MODEL",
    `device: expected one that is there, got ${tried.join("; ") || "an empty list"}`,
    hint === undefined ? {} : { hint },
  );
}

/** The first line of what a runtime says of a failure, without the places in its sources. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof MaskwrightError ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  const [line] = text.trim().split("\n");
  const said = line.replace(/^\S*onnxruntime\S*:\d+ .* was false\. |^no available backend found\. ERR: /, "");
  return said.length > 200 ? `${said.slice(0, 197)}...` : said;
}
