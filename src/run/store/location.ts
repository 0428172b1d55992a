import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Variables of the environment, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder that weights live in: `models` in $MASKWRIGHT_HOME, or else in a folder "maskwright" of the place where the system keeps the
 * data of programs: $XDG_DATA_HOME, ~/.local/share, ~/Library/Application Support on macOS, %LOCALAPPDATA% on Windows.
 */
export function modelsFolder(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const { MASKWRIGHT_HOME: home } = environment;
  return join(home !== undefined && home !== "" ? home : dataFolder(environment, platform), "models");
}

function dataFolder({ XDG_DATA_HOME, LOCALAPPDATA }: Environment, platform: NodeJS.Platform): string {
  if (platform === "win32") return join(LOCALAPPDATA || join(homedir(), "AppData", "Local"), "maskwright");
  // The standard says that a relative path there is to be ignored.
  if (XDG_DATA_HOME !== undefined && isAbsolute(XDG_DATA_HOME)) return join(XDG_DATA_HOME, "maskwright");
  if (platform === "darwin") return join(homedir(), "Library", "Application Support", "maskwright");
  return join(homedir(), ".local", "share", "maskwright");
}

/**
 * The folder for what can be made again: `embeddings` in $MASKWRIGHT_HOME, or else in a folder "maskwright" of the place where the system
 * keeps caches: $XDG_CACHE_HOME, ~/.cache, ~/Library/Caches on macOS, %LOCALAPPDATA% on Windows.
 */
export function embeddingsFolder(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const { MASKWRIGHT_HOME: home } = environment;
  return join(home !== undefined && home !== "" ? home : cacheFolder(environment, platform), "embeddings");
}

function cacheFolder({ XDG_CACHE_HOME, LOCALAPPDATA }: Environment, platform: NodeJS.Platform): string {
  if (platform === "win32") return join(LOCALAPPDATA || join(homedir(), "AppData", "Local"), "maskwright");
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, "maskwright");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "maskwright");
  return join(homedir(), ".cache", "maskwright");
}
