import { MaskwrightError } from "../../core/error.ts";
import type { PromptKind } from "../../methods/wps/token-projection.ts";
import type { PrompterConfig } from "../../models/prompter/config.ts";
import { type ModelEntry, modelRegistry, type SamNetworkConfig } from "../../models/registry.ts";
import type { Prompt } from "../../models/sam/prompt.ts";
import { designOf } from "../../models/sam/sam-design.ts";
import type { SourceChoice } from "../masks/choose-source.ts";
import type { SamModel } from "../masks/mask-source.ts";
import { type PrompterFile, readPrompterFile } from "./prompter-checkpoint.ts";
import { chooseTeacher } from "./teacher-model.ts";

/** A prompter and the model whose decoder draws what it finds: values only, so that they can travel to a thread. */
export interface PartFinder {
  readonly prompter: PrompterFile;
  readonly model: SamModel;
  readonly tokens: PrompterFile["tokens"];
}

/**
 * The prompter of a checkpoint, with the model it was trained on or the one that is named.
 *
 * @param tokens  null for those of the checkpoint
 * @throws MaskwrightError as `readPrompterFile` and `chooseTeacher`; INVALID_ARGUMENT when the checkpoint names no model and nobody does, its
 *         model has other weights here, or the embeddings or tokens of the one that is named are not of the shape that it was trained on
 */
export async function choosePartFinder(
  checkpoint: string,
  choice: Omit<SourceChoice, "model"> & { readonly model: string | null },
  tokens: PartFinder["tokens"] | null = null,
): Promise<PartFinder> {
  const prompter = await readPrompterFile(checkpoint);
  const name = choice.model ?? prompter.model?.name;
  if (name === undefined)
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `${checkpoint}: expected --model NAME beside it, since it does not say whose embeddings it reads, got none`,
    );
  // Before weights that would be of no use are asked for.
  checkFit(prompter, name);
  const model = await chooseTeacher({ ...choice, model: name });
  if (choice.model === null && model.sha256 !== prompter.model?.sha256)
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `${checkpoint}: expected the ${name} it was trained with (${prompter.model?.sha256}), got other weights (${model.sha256})`,
      { hint: `--model ${name} takes them all the same` },
    );
  return { prompter, model, tokens: tokens ?? prompter.tokens };
}

/** @param name  of any kind: what is no model of the registry that takes prompts is not for here to refuse */
function checkFit(prompter: PrompterFile, name: string): void {
  const { path, prompts, model } = prompter;
  const entry = modelRegistry.find((each) => each.name === name);
  if (entry?.network.kind !== "sam") return;
  const expected = describeShape(prompter.network);
  const shapeBy = ({ network }: ModelEntry): string | null =>
    network.kind === "sam" ? describeShape(shapeOf(network.config, prompts)) : null;
  const got = shapeBy(entry);
  if (got === expected) return;
  const fitting = modelRegistry.filter((each) => shapeBy(each) === expected).map((each) => each.name);
  const teacher = model === null ? "" : ` as ${model.name} does`;
  throw new MaskwrightError(
    "INVALID_ARGUMENT",
    `${path}: expected a model that gives it ${expected}${teacher}, got ${name}, which gives ${got}`,
    fitting.length === 0 ? {} : { hint: `It takes ${fitting.join(", ")}.` },
  );
}

/** Of a model's embeddings, and of the tokens of a prompt. */
type TeachingShape = Pick<PrompterConfig, "channels" | "grid" | "tokens">;

const samplePrompts: Readonly<Record<PromptKind, Prompt>> = {
  box: { box: { x0: 0, y0: 0, x1: 1, y1: 1 } },
  point: { points: [{ x: 0, y: 0, positive: true }] },
};

function shapeOf(config: SamNetworkConfig, kind: PromptKind): TeachingShape {
  const design = designOf(config);
  const frame = design.frameOf({ height: 1, width: 1 });
  const { kinds } = design.placePoints(samplePrompts[kind], frame, "float64");
  return { channels: design.dim, grid: design.grid, tokens: kinds.length };
}

function describeShape({ channels, grid, tokens }: TeachingShape): string {
  return `${channels} channels of ${grid}×${grid} cells and ${tokens} tokens a prompt`;
}
