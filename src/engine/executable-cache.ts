import { invalid } from "../core/error.ts";
import type { Executable } from "./compile.ts";

/** Executables by key, as many as fit. */
export interface ExecutableCache {
  /** About how much memory the executables hold. */
  readonly bytes: number;
  /**
   * What `action` makes of the executable of a key, which `build` compiles unless it is there. While an action runs its executable
   * stays; afterwards the least recently used ones go until the rest fits. One that alone is too large is used and goes at once.
   *
   * @param key  whatever the graph depends on: model, shapes, options
   */
  use<N extends string, T>(
    key: string,
    build: () => Promise<Executable<N>>,
    action: (executable: Executable<N>) => Promise<T>,
  ): Promise<T>;
  /** Disposes of all executables; of those in use when their actions are over. */
  clear(): Promise<void>;
}

interface Entry {
  readonly executable: Promise<Executable>;
  bytes: number;
  users: number;
}

/** A cache that holds executables of about `maxBytes` together. */
export function createExecutableCache(maxBytes: number): ExecutableCache {
  if (!(maxBytes >= 0)) throw invalid("createExecutableCache: maxBytes", "a number >= 0", maxBytes);
  // A Map keeps its order: the first entry is the one that was used least recently.
  const entries = new Map<string, Entry>();
  const total = (): number => [...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);

  const shrink = async (): Promise<void> => {
    for (const [key, { executable, users }] of entries) {
      if (total() <= maxBytes) break;
      if (users > 0) continue;
      entries.delete(key);
      await (await executable).dispose();
    }
  };

  const enter = (key: string, build: () => Promise<Executable>): Entry => {
    const known = entries.get(key);
    const entry = known ?? { executable: build(), bytes: 0, users: 0 };
    entries.delete(key);
    entries.set(key, entry);
    entry.users++;
    return entry;
  };

  return {
    get bytes() {
      return total();
    },
    async use(key, build, action) {
      const entry = enter(key, build as () => Promise<Executable>);
      try {
        const executable = await entry.executable;
        entry.bytes = executable.bytes;
        return await action(executable as Parameters<typeof action>[0]);
      } catch (error) {
        // What cannot be compiled is not kept: the next use tries again.
        if (entry.bytes === 0 && entries.get(key) === entry) entries.delete(key);
        throw error;
      } finally {
        entry.users--;
        // Cleared away while it was in use.
        if (entry.users === 0 && entry.bytes > 0 && entries.get(key) !== entry)
          await (await entry.executable).dispose();
        await shrink();
      }
    },
    async clear() {
      const idle = [...entries.values()].filter(({ users }) => users === 0);
      entries.clear();
      for (const { executable } of idle) await (await executable).dispose();
    },
  };
}
