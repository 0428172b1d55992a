import { badFormat, invalid } from "../../core/error.ts";
import { pathFault } from "../../data/picture-id.ts";
import type { ModelSource } from "../../models/registry.ts";
import type { Environment } from "./location.ts";

/** How the network is to be used, by the variables that Hugging Face's own programs read. */
export interface HubSettings {
  /** $HF_ENDPOINT: the hub, or a mirror of it. */
  readonly endpoint: URL;
  /** $HF_TOKEN, for repositories that are not open to all. */
  readonly token: string | null;
  /** The name of the variable that forbids any connection, such as $HF_HUB_OFFLINE. */
  readonly offlineBy: string | null;
}

/** @throws MaskwrightError INVALID_ARGUMENT when HF_ENDPOINT is no address */
export function hubSettings(environment: Environment = process.env): HubSettings {
  const { HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE } = environment;
  const address = HF_ENDPOINT === undefined || HF_ENDPOINT === "" ? "https://huggingface.co" : HF_ENDPOINT;
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw invalid("HF_ENDPOINT", "an address that begins with https:// or http://", address);
  const isOffline = /^(1|true|yes|on)$/i.test(HF_HUB_OFFLINE ?? "");
  return {
    endpoint: new URL(address),
    token: HF_TOKEN === undefined || HF_TOKEN === "" ? null : HF_TOKEN,
    offlineBy: isOffline ? "HF_HUB_OFFLINE" : null,
  };
}

/**
 * The address of a published file.
 *
 * @throws MaskwrightError BAD_FORMAT for a path that would leave its repository, or an address of another kind than the web's
 */
export function sourceUrl(source: ModelSource, { endpoint }: HubSettings): URL {
  if (source.kind === "authors") return checkProtocol(new URL(source.url));
  const { repository, revision, path } = source;
  for (const name of [repository, revision, path]) {
    const fault = pathFault(name);
    if (fault !== null) throw badFormat(`registry: ${repository}`, "a path inside a repository", fault);
  }
  const parts = `${repository}/resolve/${revision}/${path}`.split("/").map(encodeURIComponent);
  return new URL(`${endpoint.href.replace(/\/$/, "")}/${parts.join("/")}`);
}

/** The web's addresses and no others: a redirection could name a file of this machine. */
export function checkProtocol(url: URL): URL {
  if (url.protocol === "https:" || url.protocol === "http:") return url;
  throw badFormat(url.href, "an address that begins with https:// or http://", url.protocol);
}

/** What a request to an address says about who asks: the token goes to the hub and to nobody else. */
export function authorization(url: URL, { endpoint, token }: HubSettings): Record<string, string> {
  return token !== null && url.origin === endpoint.origin ? { authorization: `Bearer ${token}` } : {};
}
