import type { Sam } from "../../models/sam/sam.ts";
import { embeddingOwner, openEmbeddingCache, withEmbeddingCache } from "../embedding-cache.ts";
import { openSam } from "../open-sam.ts";
import type { SamModel } from "./mask-source.ts";

/** The model of this thread: it is opened once and stays until the thread ends. */
let current: { readonly name: string; readonly sam: Promise<Sam> } | null = null;

/** @throws MaskwrightError as `openSam` */
export function threadModel(model: SamModel): Promise<Sam> {
  const name = JSON.stringify(model);
  if (current?.name !== name) current = { name, sam: open(model) };
  return current.sam;
}

async function open(model: SamModel): Promise<Sam> {
  const { name, precision, device, threads, cache } = model;
  const sam = await openSam(name, { precision, device, ...(threads === null ? {} : { threads }) });
  if (cache === null) return sam;
  return withEmbeddingCache(sam, embeddingOwner(model), openEmbeddingCache(cache));
}
