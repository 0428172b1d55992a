import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What is to be had at a path. */
export interface ServedFile {
  readonly bytes: Uint8Array;
  /** Whether parts can be asked for. Default true. */
  readonly ranges?: boolean;
  /** Entity tag as it is sent, with its quotes. */
  readonly etag?: string;
  /** Send so many bytes of each answer's body, then end the connection; one number for each answer, in turn. */
  readonly cuts?: number[];
  /** Answer so first, in turn. */
  readonly statuses?: number[];
  /** Send the body without its length. */
  readonly chunked?: boolean;
  /** More headers, for every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Send so many bytes of the body at once, and the rest after `until`. */
  readonly first?: number;
  readonly until?: Promise<void>;
}

export interface FileServer {
  /** "http://localhost:1234", without a slash at its end. */
  readonly origin: string;
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
}

/** An HTTP server on this machine, until the test is over. A text in place of a file is the address to go on to. */
export async function serveFiles(files: Readonly<Record<string, ServedFile | string>>): Promise<FileServer> {
  const requests: FileServer["requests"] = [];
  const server = createServer((request, response) => {
    const { url: path = "", headers } = request;
    requests.push({ path, headers });
    const file = files[path];
    if (file === undefined) response.writeHead(404).end();
    else if (typeof file === "string") response.writeHead(302, { location: file }).end();
    else void answer(file, headers, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

async function answer(file: ServedFile, asked: IncomingHttpHeaders, response: ServerResponse): Promise<void> {
  const { bytes, ranges = true, etag, headers, chunked = false } = file;
  const status = file.statuses?.shift();
  if (status !== undefined) return void response.writeHead(status, headers).end();
  const isSame = asked["if-range"] === undefined || asked["if-range"] === etag;
  const from = ranges && isSame ? Number(/^bytes=(\d+)-$/.exec(asked.range ?? "")?.[1] ?? 0) : 0;
  const sent: Record<string, string> = { ...headers, ...(etag !== undefined && { etag }) };
  if (from > 0 && from >= bytes.length) {
    return void response.writeHead(416, { ...sent, "content-range": `bytes */${bytes.length}` }).end();
  }
  if (from > 0) sent["content-range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  if (!chunked) sent["content-length"] = `${bytes.length - from}`;
  response.writeHead(from > 0 ? 206 : 200, sent);
  const cut = file.cuts?.shift();
  const end = Math.min(bytes.length, from + (cut ?? file.first ?? bytes.length));
  response.write(bytes.subarray(from, end));
  await file.until;
  if (cut === undefined) response.end(bytes.subarray(end));
  // What was written is to arrive before the connection ends.
  else setTimeout(() => response.destroy(), 20);
}
