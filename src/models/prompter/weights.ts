import { renameWeights, selectWeights, type WeightFile } from "../../engine/index.ts";
import { layerEntries, type TensorEntry } from "../sam/tensor-entries.ts";
import { neckSide, type PrompterConfig } from "./config.ts";

/** Every tensor of a configuration with its shape, by the official names. */
export function prompterTensors(config: PrompterConfig): Map<string, readonly number[]> {
  const { channels, dim, queries, tokens, classes, encoderLayers, decoderLayers } = config;
  const side = neckSide(config);
  const layers = (count: number, entries: (i: number) => TensorEntry[]): TensorEntry[] =>
    Array.from({ length: count }, (_, i) => entries(i)).flat();
  return new Map([
    ["pos_embed", [1, dim, side, side]],
    ...layerEntries("conv_layers.0", [dim, channels, 3, 3]),
    ...layerEntries("conv_layers.1", [dim]),
    ...layerEntries("conv_layers.3", [dim, dim, 3, 3]),
    ...layerEntries("conv_layers.4", [dim]),
    ...layers(encoderLayers, (i) => encoderLayer(`prompter.encoder.layers.${i}`, config)),
    ...layers(decoderLayers, (i) => decoderLayer(`prompter.decoder.layers.${i}`, config)),
    ...layerEntries("prompter.decoder.norm", [dim]),
    ["query_embed.weight", [queries, dim]],
    ...layerEntries("class_embed", [classes + 1, dim]),
    ...layerEntries("coords_embed.0", [tokens * channels, dim]),
    ...layerEntries("coords_embed.2", [tokens * channels, tokens * channels]),
  ]);
}

function attention(name: string, dim: number): TensorEntry[] {
  return [
    [`${name}.in_proj_weight`, [3 * dim, dim]],
    [`${name}.in_proj_bias`, [3 * dim]],
    ...layerEntries(`${name}.out_proj`, [dim, dim]),
  ];
}

function feedForward(at: string, { dim, mlpDim }: PrompterConfig): TensorEntry[] {
  return [...layerEntries(`${at}.linear1`, [mlpDim, dim]), ...layerEntries(`${at}.linear2`, [dim, mlpDim])];
}

function encoderLayer(at: string, config: PrompterConfig): TensorEntry[] {
  return [
    ...attention(`${at}.self_attn`, config.dim),
    ...feedForward(at, config),
    ...["norm1", "norm2"].flatMap((name) => layerEntries(`${at}.${name}`, [config.dim])),
  ];
}

function decoderLayer(at: string, config: PrompterConfig): TensorEntry[] {
  return [
    ...attention(`${at}.self_attn`, config.dim),
    ...attention(`${at}.multihead_attn`, config.dim),
    ...feedForward(at, config),
    ...["norm1", "norm2", "norm3"].flatMap((name) => layerEntries(`${at}.${name}`, [config.dim])),
  ];
}

/**
 * The prompter's tensors of a file, checked: one of ours, or a checkpoint of the authors, which has SAM's beside them and may hold all of it
 * below a prefix such as "module.".
 *
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH for a tensor that is missing or of another shape
 */
export function prompterWeights(file: WeightFile, config: PrompterConfig): WeightFile {
  return selectWeights(withoutPrefix(file), prompterTensors(config), "a prompter");
}

function withoutPrefix(file: WeightFile): WeightFile {
  const known = "query_embed.weight";
  const names = [...file.tensors.keys()];
  const prefix = names.find((name) => name.endsWith(`.${known}`))?.slice(0, -known.length);
  if (prefix === undefined || file.tensors.has(known)) return file;
  const below = new Map([...file.tensors].filter(([name]) => name.startsWith(prefix)));
  return renameWeights({ ...file, tensors: below }, [{ match: new RegExp(`^.{${prefix.length}}`), to: "" }]);
}
