import { join } from "node:path";
import { stageKey } from "./artifact-key.ts";
import { fileOf } from "./label-input.ts";
import type { RunDirectory } from "./run-directory.ts";
import { type Failure, runStage, type WorkContext } from "./stage.ts";

export interface OverlayRequest {
  readonly ids: readonly string[];
  /** Photos by id; null, or an id without one, is drawn over gray. */
  readonly photos: ReadonlyMap<string, string> | null;
  readonly layer:
    | {
        readonly kind: "labels" | "cam";
        readonly files: ReadonlyMap<string, string>;
        readonly palette: Uint8Array;
      }
    | { readonly kind: "proposals"; readonly folder: string };
}

/** Changes whenever the pictures would. */
const OVERLAY_VERSION = 1;

/** Draws masks or heat maps over photos: `DIR/overlay/<id>.jpg`, resumable. */
export async function overlayStage(
  { ids, photos, layer }: OverlayRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<readonly Failure[]> {
  const stage = stageKey({ name: "overlay", version: OVERLAY_VERSION, options: { kind: layer.kind } });
  const { failures } = await runStage(
    {
      name: "overlay",
      worker: "overlay",
      ids,
      task: (id, knownKey) => ({
        id,
        photo: photos?.get(id) ?? null,
        layer:
          layer.kind === "proposals"
            ? layer
            : { kind: layer.kind, path: fileOf(layer.files, id), palette: layer.palette },
        out: join(run.dir, "overlay", `${id}.jpg`),
        stage,
        knownKey,
      }),
    },
    run,
    context,
  );
  return failures;
}
