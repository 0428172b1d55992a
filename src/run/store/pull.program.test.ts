import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type RunningCommand, start } from "../../testing/command.ts";
import { type FileServer, serveFiles } from "../../testing/file-server.ts";
import { hashBytes, tinyPth, tinySafetensors } from "../../testing/tiny-model.ts";
import { hashTree, temporaryFolder } from "../../testing/tree.ts";

const child = resolve(import.meta.dirname, "../../testing/pull-child.ts");
const kept = hashBytes(tinySafetensors);
const CUT = 30_000;

/** A server that sends the beginning of a file, and the rest when it is told to. */
async function slowServer(): Promise<FileServer & { readonly goOn: () => void }> {
  let goOn = (): void => {};
  const until = new Promise<void>((done) => {
    goOn = done;
  });
  const server = await serveFiles({ "/tiny.pth": { bytes: tinyPth, first: CUT, until } });
  return { ...server, goOn };
}

function pull(folder: string, { origin }: FileServer): RunningCommand {
  const root = resolve(import.meta.dirname, "../../..");
  return start(process.execPath, ["--import", "tsx", child, folder, `${origin}/tiny.pth`], root);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((done) => setTimeout(done, 20));
}

describe("two processes that fetch one file", () => {
  it("both get it, and leave one, undamaged", async () => {
    const folder = temporaryFolder();
    const server = await slowServer();
    const running = [pull(folder, server), pull(folder, server)];
    await until(() => server.requests.length === 2);
    server.goOn();
    const results = await Promise.all(running.map(({ result }) => result));
    for (const { code, stdout } of results)
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${kept} true\n` });
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
    expect(hashTree(folder, /^index/)).toEqual({ [`files/${kept}.safetensors`]: kept });
  });
});

describe("a process that is killed while it fetches", () => {
  it("leaves what it has to the next one", async () => {
    const folder = temporaryFolder();
    const server = await slowServer();
    const killed = pull(folder, server);
    const parts = (): Record<string, string> => hashTree(folder);
    await until(() => Object.values(parts()).includes(hashBytes(tinyPth.subarray(0, CUT))));
    killed.child.kill("SIGKILL");
    expect((await killed.result).code).toBe("SIGKILL");
    expect(readdirSync(join(folder, "downloads")).length).toBe(1);
    server.goOn();
    expect((await pull(folder, server).result).stdout).toBe(`${kept} true\n`);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, `bytes=${CUT}-`]);
    expect(hashTree(folder, /^index/)).toEqual({ [`files/${kept}.safetensors`]: kept });
  });
});
