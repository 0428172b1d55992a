import { invalid } from "../../core/error.ts";
import type { Device, Trainer, TrainerStart } from "../../engine/index.ts";
import { openWorkerRuntime } from "../../engine/node.ts";
import { compileSegmenterTraining, type PixelSupervision } from "../../methods/segment/training.ts";
import { type SegformerVariant, segformerConfig } from "../../models/segmenter/config.ts";
import type { EncoderSource, SegmenterNetwork } from "../../models/segmenter/network.ts";
import { imageNetNormalization, type Normalization } from "../../models/segmenter/normalization.ts";
import { type OpenEncoder, openEncoder } from "./open-encoder.ts";
import type { SegmenterRecipe } from "./segmenter-recipe.ts";

/** A network as it is named by a person, and where it computes. */
export interface NetworkChoice {
  readonly network:
    | {
        readonly kind: "segformer";
        readonly variant: SegformerVariant;
        /** Weights that it starts from; null for random ones. */
        readonly init: { readonly path: string; readonly sha256: string } | null;
      }
    | { readonly kind: "light"; readonly encoder: EncoderSource };
  readonly device: Device;
  /** Threads that compute; null is one for each core. */
  readonly threads: number | null;
}

/** What decides a network's training, for `run.json`. */
export function networkIdentity({ network, device }: NetworkChoice): Readonly<Record<string, unknown>> {
  if (network.kind === "light") return { network: "light", encoder: network.encoder, device };
  return { network: network.variant, init: network.init?.sha256 ?? null, device };
}

/** A network that can be trained, with the file and the thread that it holds. */
export interface OpenNetwork {
  readonly network: SegmenterNetwork;
  readonly normalization: Normalization;
  train(start: TrainerStart, options: TrainOptions): Promise<Trainer>;
  close(): Promise<void>;
}

export interface TrainOptions {
  readonly recipe: SegmenterRecipe;
  readonly classWeights: readonly number[] | null;
  readonly supervision: PixelSupervision;
}

/** Channels of a light head: as many as keep its step as cheap as MobileNetV2's. */
const LIGHT_DIM = 128;
/** SegFormer halves its grid five times. */
const SEGFORMER_STEP = 32;

/**
 * @param side  of the squares, px
 * @throws MaskwrightError as `openEncoder`; INVALID_ARGUMENT for squares that the network does not take; MODEL without a runtime
 */
export async function openNetwork(
  { network: chosen, device, threads }: NetworkChoice,
  classes: number,
  side: number,
): Promise<OpenNetwork> {
  const encoder = chosen.kind === "light" ? await openEncoder(chosen.encoder) : null;
  try {
    checkSide(side, encoder);
    const network: SegmenterNetwork =
      chosen.kind === "segformer"
        ? { kind: "segformer", config: segformerConfig(chosen.variant, classes) }
        : {
            kind: "light",
            encoder: chosen.encoder,
            config: { levels: (encoder as OpenEncoder).levels, dim: LIGHT_DIM, classes },
          };
    const normalization = encoder?.normalization ?? imageNetNormalization;
    const runtime = await openWorkerRuntime({ device, ...(threads === null ? {} : { threads }) });
    return {
      network,
      normalization,
      train: (start, { recipe, classWeights, supervision }) =>
        compileSegmenterTraining({ network, encoder, normalization }, runtime, {
          ...recipe,
          ...{ start, supervision },
          averaged: recipe.averageDecay !== null,
          ...(classWeights !== null && { classWeights }),
          ...(encoder !== null && { folder: encoder.folder }),
        }),
      async close() {
        await runtime.close();
        encoder?.close();
      },
    };
  } catch (error) {
    encoder?.close();
    throw error;
  }
}

/** The one side of squares that a network takes, or null where it takes several. @throws MaskwrightError as `openEncoder` */
export async function exactSideOf(network: NetworkChoice["network"]): Promise<number | null> {
  if (network.kind === "segformer") return null;
  const encoder = await openEncoder(network.encoder);
  encoder.close();
  return encoder.sides.kind === "exact" ? encoder.sides.step : null;
}

function checkSide(side: number, encoder: OpenEncoder | null): void {
  const { kind, step } = encoder?.sides ?? { kind: "multiple", step: SEGFORMER_STEP };
  if (kind === "exact" ? side === step : side % step === 0) return;
  throw invalid(
    "--side",
    kind === "exact" ? `${step}, which its encoder takes` : `a multiple of ${step}`,
    side,
  );
}
