import type { OptimizerDefinition, ParameterGroup } from "../../engine/index.ts";

export interface SegmenterRates {
  readonly weightDecay: number;
  /** How much faster SegFormer's head learns than its encoder. */
  readonly headRate: number;
}

/** Running statistics of a batch norm, which follow along. */
export function isStatistic(name: string): boolean {
  return name.includes(".running_");
}

/**
 * AdamW's groups. As published norms do not decay and the head's rate is 10 times the encoder's.
 *
 * Differs: biases do not decay either.
 *
 * @see NVlabs/SegFormer, `local_configs/segformer/B0/segformer.b0.512x512.ade.160k.py`
 */
export function segmenterOptimizer(
  names: readonly string[],
  { weightDecay, headRate }: SegmenterRates,
): OptimizerDefinition {
  const trained = names.filter((name) => !isStatistic(name));
  const group = (isHead: boolean, decays: boolean): ParameterGroup => ({
    names: trained.filter(
      (name) => name.startsWith("decode_head.") === isHead && !/norm|\.bias$/.test(name) === decays,
    ),
    rateScale: isHead ? headRate : 1,
    weightDecay: decays ? weightDecay : 0,
  });
  const groups = [group(false, true), group(false, false), group(true, true), group(true, false)];
  return { kind: "adamw", weightDecay, groups: groups.filter((each) => each.names.length > 0) };
}
