import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { MaskwrightError } from "../core/error.ts";
import { containedPath, listPictures, readFileBytes } from "./paths.ts";

const folder = mkdtempSync(join(tmpdir(), "paths-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder with these files, each with its own path as content. */
function make(name: string, files: readonly string[]): string {
  const root = join(folder, name);
  mkdirSync(root);
  for (const file of files) {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), file);
  }
  return root;
}

function failure(action: () => unknown): MaskwrightError {
  try {
    action();
  } catch (error) {
    if (error instanceof MaskwrightError) return error;
    throw error;
  }
  throw new Error("no error");
}

describe("listPictures", () => {
  const root = make("mixed", [
    "b.JPG",
    "a.png",
    "B.jpeg",
    "a10.png",
    "a2.png",
    "x/c.jpg",
    "._a.png",
    "notes.txt",
  ]);

  it("sorts ids by code unit, whatever the case of the extension", () => {
    expect(listPictures(root)).toEqual([
      { id: "B", path: join(root, "B.jpeg") },
      { id: "a", path: join(root, "a.png") },
      { id: "a10", path: join(root, "a10.png") },
      { id: "a2", path: join(root, "a2.png") },
      { id: "b", path: join(root, "b.JPG") },
    ]);
  });

  it("goes into folders when asked, and puts them into the id", () => {
    const ids = listPictures(root, { recursive: true }).map(({ id }) => id);
    expect(ids).toEqual(["B", "a", "a10", "a2", "b", "x/c"]);
  });

  it("takes the extensions it is given", () => {
    expect(listPictures(root, { extensions: [".png"] }).map(({ id }) => id)).toEqual(["a", "a10", "a2"]);
  });

  it("follows a link to a file", () => {
    const links = make("links", ["real.jpg"]);
    symlinkSync(join(links, "real.jpg"), join(links, "link.jpg"));
    expect(listPictures(links).map(({ id }) => id)).toEqual(["link", "real"]);
  });

  it("names two files of one id", () => {
    const twins = make("twins", ["a.jpg", "a.png", "b.png"]);
    const { code, message } = failure(() => listPictures(twins));
    expect([code, message]).toEqual([
      "BAD_FORMAT",
      `${twins}: expected one picture for a, got a.jpg and a.png`,
    ]);
  });

  it("says so when there is nothing to list", () => {
    const empty = make("empty", ["deeper/a.jpg"]);
    const { code, message, hint } = failure(() => listPictures(empty, { extensions: [".png", ".jpg"] }));
    expect([code, message]).toEqual(["NOT_FOUND", `${empty}: expected files ending in .png .jpg, got none`]);
    expect(hint).toContain("folders inside this one were not searched");
  });

  it.each([
    ["none", "NOT_FOUND", "nothing there"],
    ["mixed/a.png", "INVALID_ARGUMENT", "a file"],
  ])("says what it found instead of a folder: %s", (name, code, got) => {
    const path = join(folder, name);
    expect(failure(() => listPictures(path))).toMatchObject({
      code,
      message: `${path}: expected a folder, got ${got}`,
    });
  });
});

describe("containedPath", () => {
  const root = make("root", ["in.png", "deep/in.png"]);

  it.each(["in.png", "deep/in.png", "not/yet.png", "./in.png", "a..b.png"])("lets %s pass", (name) => {
    expect(containedPath(root, name, "coco.json: images[0].file_name")).toBe(join(root, name));
  });

  it.each([
    "",
    "/etc/passwd",
    "../x.png",
    "deep/../../x.png",
    "..",
    "C:/x.png",
    "c:x.png",
    "..\\x.png",
    "a\0.png",
  ])("refuses %j in one line", (name) => {
    const { code, message } = failure(() => containedPath(root, name, "coco.json: images[0].file_name"));
    expect(code).toBe("BAD_FORMAT");
    expect(message).toMatch(/^coco\.json: images\[0\]\.file_name: expected a path inside .*, got .*$/);
  });

  it("refuses a link that leads out, before and behind its end", () => {
    symlinkSync(folder, join(root, "out"));
    symlinkSync(join(root, "deep"), join(root, "around"));
    expect(containedPath(root, "around/in.png", "x")).toBe(join(root, "around/in.png"));
    for (const name of ["out", "out/mixed/a.png", "out/not/yet.png"])
      expect(() => containedPath(root, name, "x")).toThrow(/^x: expected a path inside .*, a link to /);
  });

  it("takes a root that is a link itself, or relative, or the file system's", () => {
    symlinkSync(root, join(folder, "alias"));
    expect(containedPath(join(folder, "alias"), "in.png", "x")).toBe(join(folder, "alias/in.png"));
    expect(containedPath(".", "no/such.png", "x")).toBe("no/such.png");
    expect(containedPath("no-such-root", "a.png", "x")).toBe("no-such-root/a.png");
    expect(containedPath("/", "tmp", "x")).toBe("/tmp");
  });
});

describe("readFileBytes", () => {
  it("says what it found instead of a file", () => {
    expect(failure(() => readFileBytes(folder))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${folder}: expected a file, got a folder`,
    });
  });
});
