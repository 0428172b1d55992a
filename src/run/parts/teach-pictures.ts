import type { NdArray } from "../../core/array.ts";
import { formatCount } from "../../core/count.ts";
import { MaskwrightError } from "../../core/error.ts";
import { random } from "../../core/random.ts";
import { readPhoto } from "../../data/photo.ts";
import { checkPrompts, type PromptSource } from "../../data/prompts.ts";
import type { PartLabel, TaughtPicture } from "../../methods/wps/augment.ts";
import type { PartTargets } from "../../methods/wps/targets.ts";
import { teachParts } from "../../methods/wps/teacher.ts";
import { type EmbeddingPrecision, writeEmbedding } from "../../models/sam/embedding.ts";
import { embeddingKey, embeddingOwner, openEmbeddingCache, withEmbeddingCache } from "../embedding-cache.ts";
import { fileOf } from "../label-input.ts";
import type { SamModel } from "../masks/mask-source.ts";
import { openSam } from "../open-sam.ts";
import { type Failure, isBadImage, type WorkContext } from "../stage.ts";
import { type Supervision, taughtLabel } from "./part-labels.ts";
import { varyPicture } from "./vary-picture.ts";

export interface TeachRequest {
  readonly training: readonly string[];
  /** Kept out of the training; of these only the photos themselves. */
  readonly held: readonly string[];
  readonly photos: ReadonlyMap<string, string>;
  readonly source: PromptSource;
  readonly supervision: Supervision;
  /** Its cache is where embeddings lie while the prompter trains. */
  readonly model: SamModel;
  /** What they are kept in. */
  readonly cachePrecision: EmbeddingPrecision;
  /** The most bytes of embeddings that stay in memory, where they are float32. */
  readonly memoryBytes: number;
  /** Changed versions of each photo of the training beside the photo itself. */
  readonly versions: number;
  readonly seed: number;
}

/** A picture whose embedding lies on disk. */
export interface TaughtParts {
  readonly id: string;
  /** 0 for the photo itself. */
  readonly version: number;
  /** Of its embedding: changes with the picture and the model. */
  readonly key: string;
  readonly targets: PartTargets;
}

/** Pictures that a prompter can be trained on: what their parts are is known, their embeddings lie on disk. */
export interface TaughtPictures {
  /** Of every embedding and every part. */
  readonly shape: { readonly channels: number; readonly grid: number; readonly tokens: number };
  readonly training: readonly TaughtParts[];
  readonly held: readonly TaughtParts[];
  readonly failures: readonly Failure[];
  /** The embedding of a picture, [1, C, g, g]: from memory, or the cache, or made again where no cache holds it. */
  features(picture: TaughtParts): Promise<NdArray<"float32">>;
  close(): Promise<void>;
}

/**
 * Embeds the pictures and asks the prompt encoder for their tokens. Pictures without parts are left out.
 *
 * @throws MaskwrightError as `openSam`; BAD_FORMAT for parts outside their picture and SHAPE_MISMATCH for a picture of another size than
 *         its file of parts says, unless the context says to keep going; NOT_FOUND when no picture has a part; ABORTED when the signal fires
 */
export async function teachPictures(request: TeachRequest, context: WorkContext): Promise<TaughtPictures> {
  const { source, model, cachePrecision, memoryBytes } = request;
  const ids = [...request.training, ...request.held];
  const { progress, signal, keepGoing } = context;
  const cache = model.cache === null ? null : openEmbeddingCache(model.cache);
  const { name, precision, device, threads } = model;
  const open = await openSam(name, { precision, device, ...(threads === null ? {} : { threads }) });
  const owner = embeddingOwner(model);
  const sam = cache === null ? open : withEmbeddingCache(open, owner, cache, cachePrecision);
  const failures: Failure[] = [];
  const shapes: TaughtPictures["shape"][] = [];
  const memory = new Map<string, NdArray<"float32">>();
  let kept = 0;
  /** Of one embedding in the cache, which holds all that a decoder needs: eight times as much with some models. */
  let cachedBytes = 0;
  const keep = (key: string, features: NdArray<"float32">): void => {
    if (memory.has(key) || kept + features.data.byteLength > memoryBytes) return;
    // A copy: what was read from a file is a view of all of it.
    memory.set(key, { ...features, data: features.data.slice() });
    kept += features.data.byteLength;
  };

  const teach = async (id: string, versions: number): Promise<TaughtParts[]> => {
    const plain = await readTaught(id, request);
    if (plain === null) return [];
    const taught: TaughtParts[] = [];
    for (let version = 0; version <= versions; version++) {
      const { image, weak } = vary(plain, id, version, request);
      const embedding = await sam.embed(image);
      const { features, original } = embedding;
      if (cachedBytes === 0) cachedBytes = writeEmbedding(embedding, cachePrecision).length;
      const key = embeddingKey(owner, image, cachePrecision);
      keep(key, features);
      const targets = await teachParts(sam, weak, original);
      taught.push({ id, version, key, targets });
      const [, channels, grid] = features.shape;
      if (partCount(weak) > 0) shapes.push({ channels, grid, tokens: targets.tokens.shape[1] });
    }
    return taught;
  };
  const teachAll = async (some: readonly string[], versions: number): Promise<TaughtParts[]> => {
    const taught: TaughtParts[] = [];
    for (const id of some) {
      if (signal.aborted) throw stopped(ids.indexOf(id), ids.length);
      try {
        taught.push(...(await teach(id, versions)));
      } catch (error) {
        if (!keepGoing || !isBadImage(error)) throw error;
        failures.push({ id, message: error.message });
        progress.warn(error.message);
      }
      progress.advance(id);
    }
    return taught;
  };

  progress.begin("embed", ids.length);
  try {
    const training = await teachAll(request.training, request.versions);
    if (shapes.length === 0)
      throw new MaskwrightError(
        "NOT_FOUND",
        `${source.path}: expected pictures with parts, got none with any`,
        source.leftOut === null
          ? {}
          : { hint: `Passed over: ${source.leftOut}. --parts FILE.json takes the boxes of masks, too.` },
      );
    const held = await teachAll(request.held, 0);
    const keys = [...new Set([...training, ...held].map(({ key }) => key))];
    const beyond = keys.filter((key) => !memory.has(key));
    if (beyond.length * cachedBytes > (model.cache?.maxBytes ?? 0))
      progress.warn(describeSmallCache(beyond.length, keys.length, beyond.length * cachedBytes, model));
    // Its memory is the training's; it comes back when an embedding is missing.
    await open.dispose();
    return {
      shape: shapes[0],
      training,
      held,
      failures,
      async features({ id, version, key }) {
        const known = memory.get(key) ?? cache?.get(key)?.features;
        if (known !== undefined) return known;
        const plain = (await readTaught(id, request)) as TaughtPicture;
        return (await sam.embed(vary(plain, id, version, request).image)).features;
      },
      close: () => open.close(),
    };
  } catch (error) {
    await open.close();
    throw error;
  } finally {
    progress.end();
  }
}

/** A photo and its parts; null for one without parts. */
async function readTaught(
  id: string,
  { photos, source, supervision }: TeachRequest,
): Promise<TaughtPicture | null> {
  const prompts = source.promptsOf(id);
  if (prompts.length === 0) return null;
  const image = await readPhoto(fileOf(photos, id));
  checkPrompts(prompts, image, source.sizeOf(id), `${source.path}: ${id}`);
  return { image, weak: taughtLabel(prompts, supervision) };
}

/** Version 0 is the picture itself. */
function vary(
  picture: TaughtPicture,
  id: string,
  version: number,
  { source, seed }: TeachRequest,
): TaughtPicture {
  if (version === 0) return picture;
  return varyPicture(picture, source.classes.classes, random(`${seed} ${id} ${version}`));
}

/** @param beyond  embeddings that memory does not hold, of so many, and the bytes that they take in the cache */
function describeSmallCache(beyond: number, of: number, bytes: number, { cache }: SamModel): string {
  const [needed, kept] = [bytes, cache?.maxBytes ?? 0].map((each) => Number((each / 1e9).toPrecision(2)));
  const room = `take ${needed} GB in the cache, which keeps ${kept}`;
  const limit = Math.ceil(bytes / 1e8) / 10;
  return `${beyond} of ${formatCount(of, "embedding")} do not fit in memory and ${room}: the others are made again in every epoch, --cache-limit ${limit} keeps all`;
}

function partCount(weak: PartLabel): number {
  return weak.kind === "boxes" ? weak.boxes.length : weak.points.length;
}

function stopped(done: number, total: number): MaskwrightError {
  return new MaskwrightError("ABORTED", `embed: stopped after ${done} of ${formatCount(total, "image")}`, {
    hint: "Run the same command again to go on from here.",
  });
}
