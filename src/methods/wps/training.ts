import type { NdArray } from "../../core/array.ts";
import { invalid } from "../../core/error.ts";
import {
  type Arrays,
  compileTraining,
  createGraph,
  input,
  type OptimizerDefinition,
  type Runtime,
  type Trainer,
  type TrainerStart,
  type TrainingGraph,
} from "../../engine/index.ts";
import type { PrompterConfig } from "../../models/prompter/config.ts";
import { promptParts } from "../../models/prompter/prompter.ts";
import { prompterTensors } from "../../models/prompter/weights.ts";
import type { Weights } from "../../models/sam/weights.ts";
import { type LossWeights, partLoss } from "./losses.ts";
import { type CostWeights, matchQueries, type QueryOutputs } from "./matching.ts";
import { type BatchTargets, type PartTargets, unpackTargets } from "./targets.ts";

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
 * `evaluate("prompt", { features })` gives logits and tokens.
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
      const matchings: Matching[] = [];
      for (const each of given) {
        const { features, counts, classes, teacher } = each as Arrays<"features"> & BatchTargets;
        const targets = unpackTargets({ counts, classes, teacher });
        if (targets.length !== batch) throw invalid("step: counts", `${batch} pictures`, targets.length);
        const outputs = await trainer.begin({ features });
        const matching = matchBatch(outputs, targets, costs);
        matchings.push(matching);
        feeds.push(matching.feeds);
      }
      return { ...(await trainer.step(feeds, rate)), ...tally(matchings) };
    },
  };
}

/** The graph of a step: inputs `features` and `target/…`, see `QueryTargets`. */
export function partTraining(config: PrompterConfig, batch: number, losses?: LossWeights): TrainingGraph {
  const { channels, grid, queries, tokens } = config;
  const graph = createGraph();
  const parameters = new Map(
    [...prompterTensors(config)].map(([name, shape]) => [name, input(graph, name, shape)]),
  );
  const weights: Weights = (name) => {
    const tensor = parameters.get(name);
    if (tensor === undefined) throw new Error(`no parameter "${name}"`);
    return tensor;
  };
  const parts = promptParts(weights, input(graph, "features", [batch, channels, grid, grid]), config);
  const { loss, classLoss, tokenLoss } = partLoss(
    parts,
    {
      classes: input(graph, "target/classes", [batch, queries], "int64"),
      tokens: input(graph, "target/tokens", [batch, queries, tokens, channels]),
      shares: input(graph, "target/shares", [batch, queries]),
    },
    losses,
  );
  return {
    loss,
    parameters: [...parameters.values()],
    report: { class: classLoss, token: tokenLoss },
    opening: { ...parts },
    programs: { prompt: { ...parts } },
  };
}

/** A batch's matching: what the graph is fed, and how well its queries did. */
interface Matching {
  readonly feeds: Arrays;
  readonly queries: number;
  readonly right: number;
  readonly matched: number;
  readonly rightMatched: number;
  readonly leftOver: number;
}

function matchBatch(
  outputs: Arrays,
  targets: readonly PartTargets[],
  costs: CostWeights | undefined,
): Matching {
  const [batch, queries, columns] = outputs.logits.shape;
  const tokenShape = outputs.tokens.shape.slice(2);
  const size = tokenShape[0] * tokenShape[1];
  const classes = new BigInt64Array(batch * queries).fill(BigInt(columns - 1));
  const tokens = new Float32Array(batch * queries * size);
  const shares = new Float32Array(batch * queries);
  let [right, matched, rightMatched, leftOver] = [0, 0, 0, 0];
  targets.forEach((target, b) => {
    const own = queryOutputs(outputs, b);
    const found = matchQueries(own, target, costs);
    const count = Math.min(found.length, queries);
    leftOver += found.length - count;
    matched += count;
    found.forEach((q, n) => {
      if (q < 0) return;
      const at = b * queries + q;
      classes[at] = BigInt(target.classIds[n] - 1);
      tokens.set(target.tokens.data.subarray(n * size, (n + 1) * size), at * size);
      shares[at] = 1 / count;
    });
    for (let q = 0; q < queries; q++) {
      const wanted = Number(classes[b * queries + q]);
      if (largest(own.logits.data.subarray(q * columns, (q + 1) * columns)) !== wanted) continue;
      right++;
      if (shares[b * queries + q] > 0) rightMatched++;
    }
  });
  const feeds: Arrays = {
    "target/classes": { dtype: "int64", shape: [batch, queries], data: classes },
    "target/tokens": { dtype: "float32", shape: [batch, queries, ...tokenShape], data: tokens },
    "target/shares": { dtype: "float32", shape: [batch, queries], data: shares },
  };
  return { feeds, queries: batch * queries, right, matched, rightMatched, leftOver };
}

/** The outputs for one picture of a batch; views. */
export function queryOutputs({ logits, tokens }: Arrays, picture: number): QueryOutputs {
  const part = ({ shape, data }: NdArray): NdArray<"float32"> => {
    const size = data.length / shape[0];
    const own = (data as Float32Array).subarray(picture * size, (picture + 1) * size);
    return { dtype: "float32", shape: shape.slice(1), data: own };
  };
  return { logits: part(logits), tokens: part(tokens) };
}

function tally(matchings: readonly Matching[]): Record<string, number> {
  const sum = (key: Exclude<keyof Matching, "feeds">): number =>
    matchings.reduce((total, matching) => total + matching[key], 0);
  const matched = sum("matched");
  return {
    accuracy: sum("right") / sum("queries"),
    recall: matched === 0 ? 1 : sum("rightMatched") / matched,
    "left over": sum("leftOver"),
  };
}

/** Position of the largest value, the first of equals. */
export function largest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
