import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join, posix, resolve } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";

const root = resolve(import.meta.dirname, "../..");

/** Debian's Chromium, or the one that CHROMIUM names. */
export const chromiumFile: string = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Whether there is one; says so when there is none. */
export function hasChromium(): boolean {
  const isThere = existsSync(chromiumFile);
  if (!isThere)
    console.warn(
      `SKIPPED: a browser: expected ${chromiumFile} (apt install chromium, or set CHROMIUM to its path)`,
    );
  return isThere;
}

/** A browser without a window, with WebGPU computed by SwiftShader, which comes with it: no GPU is needed. */
export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: chromiumFile,
    args: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
  });
}

/** A page from a server of its own. */
export interface ServedPage {
  readonly page: Page;
  /** Errors of the page's scripts so far. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/**
 * A page that runs one module, bundled for a browser as a project that uses this package would bundle it: from the built package, by the names
 * of package.json's exports. onnxruntime-web's files are at "/ort/"; the page is isolated, so that WebAssembly has threads.
 *
 * @param browser  or a context of it
 * @param module   source text, TypeScript
 * @param files    what else the server has, by path
 */
export async function openPage(
  browser: Pick<Browser, "newPage">,
  module: string,
  files: Readonly<Record<string, Uint8Array>> = {},
): Promise<ServedPage> {
  const served = new Map<string, Uint8Array | string>(Object.entries(files));
  served.set("/", '<!doctype html><body><script type="module" src="/page.js"></script>');
  for (const [name, bytes] of await bundle(module)) served.set(`/${name}`, bytes);
  const server = createServer(({ url = "/" }, response) => {
    const body = served.get(url) ?? runtimeFile(url);
    response.writeHead(body === null ? 404 : 200, {
      "content-type": types[posix.extname(url)] ?? "text/html",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(body);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const page = await browser.newPage();
  // Playwright waits 30 seconds, which a busy machine can exceed.
  page.setDefaultTimeout(120_000);
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { waitUntil: "load" });
  return {
    page,
    errors,
    async close() {
      await page.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".png": "image/png",
};

async function bundle(module: string): Promise<[name: string, bytes: Uint8Array][]> {
  const { outputFiles } = await build({
    stdin: { contents: module, resolveDir: root, loader: "ts", sourcefile: "page.ts" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    outdir: root,
    entryNames: "page",
    write: false,
    logLevel: "silent",
  });
  return outputFiles.map(({ path, contents }) => [posix.basename(path), contents]);
}

const runtimeFolder = dirname(
  createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"),
);

/** A file of onnxruntime-web, or null. */
function runtimeFile(url: string): Uint8Array | null {
  const name = /^\/ort\/([\w.-]+)$/.exec(url)?.[1];
  const path = join(runtimeFolder, name ?? "");
  return name !== undefined && existsSync(path) ? readFileSync(path) : null;
}
