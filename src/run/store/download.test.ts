import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PublishedFile } from "../../models/registry.ts";
import { type FileServer, type ServedFile, serveFiles } from "../../testing/file-server.ts";
import { temporaryFolder } from "../../testing/tree.ts";
import { type DownloadOptions, download } from "./download.ts";
import { hubSettings } from "./hub.ts";

const bytes = Uint8Array.from({ length: 100_000 }, (_, k) => (k * k) % 251);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const published: PublishedFile = {
  bytes: bytes.length,
  digest: { algorithm: "sha256", value: sha256, source: "this test" },
};
const unknown: PublishedFile = { bytes: null, digest: null };

interface Try {
  readonly server: FileServer;
  readonly folder: string;
  readonly waits: number[];
  get(file?: PublishedFile, options?: Partial<DownloadOptions>): ReturnType<typeof download>;
}

async function serve(file: Partial<ServedFile>, folder: string = temporaryFolder()): Promise<Try> {
  const server = await serveFiles({ "/file.pth": { bytes, ...file } });
  const waits: number[] = [];
  return {
    server,
    folder,
    waits,
    get: (known = published, options = {}) =>
      download(new URL(`${server.origin}/file.pth`), known, folder, {
        settings: hubSettings({}),
        signal: new AbortController().signal,
        wait: async (ms) => void waits.push(ms),
        ...options,
      }),
  };
}

const rangesOf = ({ requests }: FileServer): (string | undefined)[] =>
  requests.map(({ headers }) => headers.range);
const content = ({ part }: { part: { path: string } }): Buffer => readFileSync(part.path);

describe("download", () => {
  it("fetches a file, says how far it is, and what it hashes to", async () => {
    const { get, server } = await serve({});
    const seen: (readonly [number, number | null])[] = [];
    const fetched = await get(published, { onProgress: (...progress) => seen.push(progress) });
    expect(content(fetched).equals(bytes)).toBe(true);
    expect(fetched.digests).toMatchObject({ bytes: bytes.length, sha256 });
    expect(seen[0]).toEqual([0, bytes.length]);
    expect(seen.at(-1)).toEqual([bytes.length, bytes.length]);
    expect(server.requests[0].headers).toMatchObject({ "accept-encoding": "identity" });
  });

  it("takes a file whose length nobody says", async () => {
    const { get } = await serve({ chunked: true });
    expect(content(await get(unknown)).equals(bytes)).toBe(true);
  });

  it("takes an empty file", async () => {
    const { get } = await serve({ bytes: new Uint8Array(0) });
    const fetched = await get(unknown);
    expect(content(fetched).length).toBe(0);
  });

  it("goes on after the bytes that an earlier try left", async () => {
    const { get, folder, server } = await serve({});
    writeFileSync(join(folder, `${sha256}.part`), bytes.subarray(0, 40_000));
    expect(content(await get()).equals(bytes)).toBe(true);
    expect(rangesOf(server)).toEqual(["bytes=40000-"]);
  });

  it("asks nobody for a file that is all here but was not hashed yet", async () => {
    const { get, folder, server } = await serve({});
    writeFileSync(join(folder, `${sha256}.part`), bytes);
    expect(content(await get()).equals(bytes)).toBe(true);
    expect(server.requests).toEqual([]);
  });

  it("takes up what a process left that was killed, not what a living one writes", async () => {
    const { get, folder, server } = await serve({});
    const [, mine] = /\.(\w+)-\d+-\d+\.part$/.exec((await get()).part.path) ?? [];
    // Process ids end at 2^22 on Linux and below 2^31 everywhere.
    writeFileSync(join(folder, `${sha256}.${mine}-2147483646-1.part`), bytes.subarray(0, 70_000));
    writeFileSync(join(folder, `${sha256}.${mine}-${process.ppid}-1.part`), bytes.subarray(0, 10_000));
    writeFileSync(join(folder, `${sha256}.other-2147483646-1.part`), bytes.subarray(0, 20_000));
    expect(content(await get()).equals(bytes)).toBe(true);
    expect(rangesOf(server)).toEqual([undefined, "bytes=70000-"]);
  });

  it("begins anew where the server sends the whole file", async () => {
    const { get, folder, server } = await serve({ ranges: false });
    writeFileSync(join(folder, `${sha256}.part`), bytes.subarray(0, 40_000));
    expect(content(await get()).equals(bytes)).toBe(true);
    expect(server.requests.length).toBe(1);
  });

  it("begins anew after a part that is longer than the file", async () => {
    const { get, folder } = await serve({});
    writeFileSync(join(folder, `${sha256}.part`), new Uint8Array(bytes.length + 5));
    expect(content(await get()).equals(bytes)).toBe(true);
  });

  it("goes on after a connection that broke, as often as that brings bytes", async () => {
    const { get, server, waits } = await serve({ cuts: [30_000, 20_000, 20_000, 20_000, 5000] });
    expect(content(await get()).equals(bytes)).toBe(true);
    const ends = [30_000, 50_000, 70_000, 90_000, 95_000];
    expect(rangesOf(server)).toEqual([undefined, ...ends.map((end) => `bytes=${end}-`)]);
    expect(waits).toEqual([1000, 1000, 1000, 1000, 1000]);
  });

  it("waits longer from try to try, and gives up after four that brought nothing", async () => {
    const { get, waits, folder } = await serve({ ranges: false, cuts: [500, 500, 500, 400, 500, 500] });
    await expect(get()).rejects.toMatchObject({
      code: "MODEL",
      message: expect.stringMatching(/\/file\.pth: expected a file, got /),
      hint: expect.stringContaining("goes on from here"),
    });
    expect(waits).toEqual([1000, 2000, 4000]);
    expect(readdirSync(folder)).toEqual([`${sha256}.part`]);
  });

  it("tries again after an answer that may pass, as late as the server asks", async () => {
    const reasons: string[] = [];
    const { get, waits } = await serve({ statuses: [503, 429], headers: { "retry-after": "7" } });
    await get(published, { onRetry: (reason) => reasons.push(reason) });
    expect(reasons).toEqual(["503 Service Unavailable", "429 Too Many Requests"]);
    expect(waits).toEqual([7000, 7000]);
  });

  it("says what is wrong with a server that is not there", async () => {
    const { get, server } = await serve({});
    const gone = new URL(server.origin);
    gone.port = "1";
    const options = { settings: hubSettings({}), signal: new AbortController().signal, wait: async () => {} };
    await expect(download(gone, unknown, temporaryFolder(), options)).rejects.toMatchObject({
      code: "MODEL",
      message: expect.stringMatching(/expected a file, got (connect ECONNREFUSED|bad port)/),
    });
    await get();
  });

  it.each([
    [404, "NOT_FOUND", "models import"],
    [410, "NOT_FOUND", "models import"],
    [401, "INVALID_ARGUMENT", "HF_TOKEN"],
    [403, "INVALID_ARGUMENT", "HF_TOKEN"],
    [418, "MODEL", undefined],
  ])("stops at once at %i", async (status, code, hint) => {
    const { get, waits } = await serve({ statuses: [status] });
    const error = await get().catch((reason) => reason);
    expect(error).toMatchObject({ code, message: expect.stringContaining(`got ${status} `) });
    if (hint !== undefined) expect(error.hint).toContain(hint);
    expect(waits).toEqual([]);
  });

  it("refuses a file with another digest and removes it", async () => {
    const { get, folder } = await serve({ bytes: bytes.with(5, 99) });
    await expect(get()).rejects.toMatchObject({
      code: "BAD_FORMAT",
      message: expect.stringContaining(`expected sha256 ${sha256} (this test), got `),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("knows a file by its name in Git", async () => {
    // `printf hello | git hash-object --stdin`
    const value = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0";
    const known: PublishedFile = { bytes: 5, digest: { algorithm: "git-blob", value, source: "Git" } };
    const { get } = await serve({ bytes: new TextEncoder().encode("hello") });
    expect((await get(known)).digests.gitBlob).toBe(value);
    const other = await serve({ bytes: new TextEncoder().encode("hallo") });
    await expect(other.get(known)).rejects.toThrow(`expected git-blob ${value} (Git), got `);
  });

  it("refuses a page of another size before it is read, and keeps the part", async () => {
    const page = new TextEncoder().encode("<html>Please log in to the hotel's network</html>");
    const { get, folder } = await serve({
      bytes: page,
      ranges: false,
      headers: { "content-type": "text/html" },
    });
    writeFileSync(join(folder, `${sha256}.part`), bytes.subarray(0, 40_000));
    await expect(get()).rejects.toThrow("expected 100000 bytes, got 49 bytes of text/html");
    expect(readFileSync(join(folder, `${sha256}.part`)).length).toBe(40_000);
  });

  it("stops reading at the size that was published", async () => {
    const { get } = await serve({ bytes: new Uint8Array(200_000), chunked: true });
    await expect(get()).rejects.toThrow("expected at most 100000 bytes, got more");
  });

  it("keeps what is here when it is stopped", async () => {
    const abort = new AbortController();
    let goOn = (): void => {};
    const { get, folder, server } = await serve({
      first: 60_000,
      until: new Promise((resolve) => {
        goOn = resolve;
      }),
    });
    const stopped = get(published, {
      signal: abort.signal,
      onProgress: (count) => count === 60_000 && abort.abort(),
    });
    await expect(stopped).rejects.toMatchObject({
      code: "ABORTED",
      message: `${server.origin}/file.pth: stopped after 60.0 kB`,
      hint: "Run the same command again to go on from here.",
    });
    goOn();
    expect(readFileSync(join(folder, `${sha256}.part`)).equals(bytes.subarray(0, 60_000))).toBe(true);
    expect(content(await get()).equals(bytes)).toBe(true);
    expect(rangesOf(server)).toEqual([undefined, "bytes=60000-"]);
  });

  it("may run twice at a time", async () => {
    const { get } = await serve({});
    const [a, b] = await Promise.all([get(), get()]);
    expect(a.part.path).not.toBe(b.part.path);
    expect(content(a).equals(bytes) && content(b).equals(bytes)).toBe(true);
  });
});

describe("download, of a file whose digest nobody published", () => {
  it("goes on with what an earlier try left, if the server still has the same", async () => {
    const { get, server, folder } = await serve({ etag: '"v1"', cuts: [10_000, 0, 0, 0] });
    await expect(get(unknown)).rejects.toMatchObject({ code: "MODEL" });
    expect(content(await get(unknown)).equals(bytes)).toBe(true);
    const [first, ...others] = server.requests;
    expect([first.headers.range, first.headers["if-range"]]).toEqual([undefined, undefined]);
    expect(others.slice(0, 3).map(({ headers }) => [headers.range, headers["if-range"]])).toEqual(
      Array(3).fill(["bytes=10000-", '"v1"']),
    );
    // Another run asks once what the server has, and then for the rest.
    expect(rangesOf(server).slice(4)).toEqual([undefined, "bytes=10000-"]);
    expect(readdirSync(folder).length).toBe(1);
  });

  it.each([['W/"v1"'], [undefined]])("begins anew with the tag %s, which promises nothing", async (etag) => {
    const { get, server } = await serve({ ...(etag !== undefined && { etag }), cuts: [10_000, 0, 0, 0] });
    await expect(get(unknown)).rejects.toMatchObject({ code: "MODEL" });
    expect(content(await get(unknown)).equals(bytes)).toBe(true);
    expect(rangesOf(server).at(-1)).toBeUndefined();
  });

  it("checks what the hub announces, and refuses another file", async () => {
    const announce = (value: string): Partial<ServedFile> => ({
      headers: { "x-linked-etag": `"${value}"` },
    });
    const right = await serve(announce(sha256));
    expect((await right.get(unknown)).part.path).toContain(sha256);
    const wrong = await serve(announce("0".repeat(64)));
    await expect(wrong.get(unknown)).rejects.toThrow(`expected sha256 ${"0".repeat(64)}, as the hub says`);
    expect(readdirSync(wrong.folder)).toEqual([]);
  });
});

describe("download, sent on", () => {
  const options = (endpoint: string): DownloadOptions => ({
    settings: hubSettings({ HF_ENDPOINT: endpoint, HF_TOKEN: "secret" }),
    signal: new AbortController().signal,
    wait: async () => {},
  });

  it("shows the token to the hub and to nobody else", async () => {
    const store = await serveFiles({ "/blob": { bytes } });
    const hub = await serveFiles({ "/a": "/b", "/b": `${store.origin}/blob` });
    const fetched = await download(
      new URL(`${hub.origin}/a`),
      published,
      temporaryFolder(),
      options(hub.origin),
    );
    expect(content(fetched).equals(bytes)).toBe(true);
    expect(hub.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer secret",
      "Bearer secret",
    ]);
    expect(store.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it.each([["file:///etc/passwd"], ["ftp://example.org/x"], ["data:,x"]])("does not open %s", async (to) => {
    const hub = await serveFiles({ "/a": to });
    await expect(
      download(new URL(`${hub.origin}/a`), published, temporaryFolder(), options(hub.origin)),
    ).rejects.toMatchObject({
      code: "BAD_FORMAT",
      message: expect.stringContaining("begins with https:// or http://"),
    });
  });

  it("does not go round in circles", async () => {
    const hub = await serveFiles({ "/a": "/a" });
    await expect(
      download(new URL(`${hub.origin}/a`), published, temporaryFolder(), options(hub.origin)),
    ).rejects.toThrow("expected a file, got 21 redirections");
  });
});
