import { invalid } from "../../core/error.ts";
import {
  type Arrays,
  compileTraining,
  createGraph,
  input,
  type OptimizerDefinition,
  type Runtime,
  type Tensor,
  type Trainer,
  type TrainerStart,
  type TrainingGraph,
} from "../../engine/index.ts";
import type { PrompterConfig } from "../../models/prompter/config.ts";
import { type PromptedParts, promptParts } from "../../models/prompter/prompter.ts";
import { prompterTensors } from "../../models/prompter/weights.ts";
import type { Weights } from "../../models/sam/weights.ts";
import { type LossWeights, partLoss, type QueryTargets } from "./losses.ts";
import { type MatchCounts, matchBatch, tally } from "./match-batch.ts";
import type { CostWeights } from "./matching.ts";
import { type BatchTargets, unpackTargets } from "./targets.ts";

/** Adam as published: every parameter decays, biases and norms too. */
export const partOptimizer: OptimizerDefinition = { kind: "adam", weightDecay: 1e-4 };
/** The published learning rate. */
export const PART_RATE = 1e-4;

export interface PartTrainingOptions {
  /** Pictures of a micro-batch. */
  readonly batch: number;
  /** The most micro-batches that a step has. Default 1. */
  readonly microBatches?: number;
  readonly start: TrainerStart;
  /** Default: as published. */
  readonly optimizer?: OptimizerDefinition;
  readonly costs?: CostWeights;
  readonly losses?: LossWeights;
}

/**
 * A prompter ready to be trained on cached embeddings. A step runs the prompter, matches its queries with the parts, and then makes the
 * update by the loss of that matching. SAM's mask decoder takes no part in it.
 *
 * A micro-batch is `features` [B, C, g, g] and what `packTargets` gives. A step reports the loss, its parts `class` and `token`, `accuracy`
 * (queries that say what they should), `recall` (the same of queries matched with a part) and `left over` (parts beyond the queries).
 * `evaluate("prompt", { features })` gives logits and tokens of one picture, `evaluate("score", …)` the losses of them: see `validateParts`.
 *
 * @see WPS-SAM, section 3.3; published code, training loop
 */
export async function compilePartTraining(
  config: PrompterConfig,
  runtime: Runtime,
  { batch, microBatches = 1, start, optimizer = partOptimizer, costs, losses }: PartTrainingOptions,
): Promise<Trainer> {
  const graph = partTraining(config, batch, losses);
  const trainer = await compileTraining(graph, runtime, { start, optimizer, microBatches });
  return {
    ...trainer,
    async step(given, rate) {
      const feeds: Arrays[] = [];
      const counts: MatchCounts[] = [];
      for (const each of given) {
        const { features, ...packed } = each as Arrays<"features"> & BatchTargets;
        const targets = unpackTargets(packed);
        if (targets.length !== batch) throw invalid("step: counts", `${batch} pictures`, targets.length);
        const outputs = await trainer.begin({ features });
        const matching = matchBatch(outputs, targets, costs);
        counts.push(matching.counts);
        feeds.push(matching.feeds);
      }
      return { ...(await trainer.step(feeds, rate)), ...tally(counts) };
    },
  };
}

/** The graph of a step: inputs `features` and `target/…`, see `QueryTargets`. */
export function partTraining(config: PrompterConfig, batch: number, losses?: LossWeights): TrainingGraph {
  const { channels, queries, tokens, classes } = config;
  const { parameters, parts } = promptGraph(config, batch);
  const { graph } = parts.logits;
  const { loss, classLoss, tokenLoss } = partLoss(parts, targetInputs(graph, config, batch), losses);
  const scored = createGraph();
  const given = {
    logits: input(scored, "logits", [1, queries, classes + 1]),
    tokens: input(scored, "tokens", [1, queries, tokens, channels]),
  };
  const score = partLoss(given, targetInputs(scored, config, 1), losses);
  return {
    loss,
    parameters,
    report: { class: classLoss, token: tokenLoss },
    opening: { ...parts },
    programs: {
      prompt: { ...promptGraph(config, 1).parts },
      score: { loss: score.loss, class: score.classLoss, token: score.tokenLoss },
    },
  };
}

/** What the prompter says of so many pictures, in a graph of its own. */
function promptGraph(
  config: PrompterConfig,
  batch: number,
): { readonly parameters: readonly Tensor[]; readonly parts: PromptedParts } {
  const { channels, grid } = config;
  const graph = createGraph();
  const parameters = new Map(
    [...prompterTensors(config)].map(([name, shape]) => [name, input(graph, name, shape)]),
  );
  const weights: Weights = (name) => {
    const tensor = parameters.get(name);
    if (tensor === undefined) throw new Error(`no parameter "${name}"`);
    return tensor;
  };
  const features = input(graph, "features", [batch, channels, grid, grid]);
  return { parameters: [...parameters.values()], parts: promptParts(weights, features, config) };
}

function targetInputs(
  graph: Tensor["graph"],
  { channels, queries, tokens }: PrompterConfig,
  batch: number,
): QueryTargets {
  return {
    classes: input(graph, "target/classes", [batch, queries], "int64"),
    tokens: input(graph, "target/tokens", [batch, queries, tokens, channels]),
    shares: input(graph, "target/shares", [batch, queries]),
  };
}
