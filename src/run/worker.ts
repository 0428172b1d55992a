import type { Answer } from "./pool.ts";
import { packError } from "./remote-error.ts";

/** The tasks a worker knows. Each is loaded when first asked for, so a worker starts in milliseconds. */
const tasks = {
  scene: () => import("./tasks/scene.ts").then((m) => m.drawSceneFiles),
  propose: () => import("./tasks/propose.ts").then((m) => m.proposeItem),
  refine: () => import("./tasks/refine.ts").then((m) => m.refineItem),
  evaluate: () => import("./tasks/evaluate.ts").then((m) => m.evaluateItems),
  panels: () => import("./tasks/panels.ts").then((m) => m.drawPanels),
};

export type TaskName = keyof typeof tasks;
type Run<N extends TaskName> = Awaited<ReturnType<(typeof tasks)[N]>>;
export type TaskOf<N extends TaskName> = Parameters<Run<N>>[0];
export type ResultOf<N extends TaskName> = Awaited<ReturnType<Run<N>>>;

/** Entry of every worker thread. */
async function handle({ name, task }: { name: TaskName; task: never }): Promise<Answer<unknown>> {
  try {
    const run = (await tasks[name]()) as (task: never) => unknown;
    return { ok: true, value: await run(task) };
  } catch (error) {
    return { ok: false, error: packError(error) };
  }
}

// biome-ignore lint/style/noDefaultExport: the thread pool calls its entry's default export
export default handle;
