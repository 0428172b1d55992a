import { type Dir, type Dirent, opendirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { badFormat, MaskwrightError } from "../core/error.ts";
import { compareText } from "../core/text-order.ts";
import { pathFault, pictureId } from "./picture-id.ts";

/** A picture in a folder. */
export interface PictureFile {
  /** Its path in the folder without the extension, with "/" between folders. */
  readonly id: string;
  /** Its path from where the program runs: the folder's own path, joined with the file's. */
  readonly path: string;
}

export interface ListPicturesOptions {
  /** Extensions to take, lower case with their dot; upper case in file names is taken too. Default: all photo formats that are read. */
  readonly extensions?: readonly string[];
  /** Also look in the folders below; default false. */
  readonly recursive?: boolean;
}

/** What `readPhoto` opens, by extension. */
export const photoExtensions: readonly string[] = [
  ".jpg",
  ".jpeg",
  ".png",
  ".webp",
  ".tif",
  ".tiff",
  ".gif",
  ".avif",
];

/**
 * The pictures of a folder, in the order of their ids by UTF-16 code units: the same on every system.
 * Files and folders whose name starts with a dot are passed over (macOS leaves "._a.jpg" beside "a.jpg").
 *
 * @throws MaskwrightError NOT_FOUND if the folder is missing or holds no such picture; BAD_FORMAT if two
 *         files have one id
 */
export function listPictures(folder: string, options: ListPicturesOptions = {}): PictureFile[] {
  const files = listPictureFiles(folder, options);
  return files.map((file) => ({ id: pictureId(file), path: join(folder, file) }));
}

/** The files of `listPictures`, in its order: paths in the folder, with "/" between names. Of 100,000 pictures they take a fifth of the memory. */
export function listPictureFiles(folder: string, options: ListPicturesOptions = {}): string[] {
  const { extensions = photoExtensions, recursive = false } = options;
  const files: string[] = [];
  for (const file of listFiles(folder, recursive))
    if (extensions.some((extension) => file.toLowerCase().endsWith(extension))) files.push(file);
  if (files.length === 0)
    throw new MaskwrightError(
      "NOT_FOUND",
      `${folder}: expected files ending in ${extensions.join(" ")}, got none`,
      {
        hint: recursive ? "Check the path." : "Check the path; folders inside this one were not searched.",
      },
    );
  // By name they are nearly in order: "a-1.jpg" comes before "a.jpg", and "a-1" after "a".
  files.sort().sort((a, b) => compareText(pictureId(a), pictureId(b)));
  for (let k = 1; k < files.length; k++) {
    const id = pictureId(files[k]);
    if (pictureId(files[k - 1]) === id)
      throw badFormat(
        folder,
        `one picture for ${id}`,
        `${files[k - 1]} and ${files[k]}`,
        "A picture is known by its name without the extension: rename or remove one of the two.",
      );
  }
  return files;
}

/** Paths of the files in a folder, "/" between names. Links are followed, except a link to a folder, which may lead in circles. */
function* listFiles(folder: string, recursive: boolean, prefix = ""): Generator<string> {
  for (const entry of entriesOf(join(folder, prefix))) {
    if (entry.name.startsWith(".")) continue;
    const path = prefix + entry.name;
    if (!entry.isDirectory()) yield path;
    else if (recursive) yield* listFiles(folder, recursive, `${path}/`);
  }
}

/** The entries of a folder in no order, a few at a time: all of them at once take ten times the memory of their names. */
function* entriesOf(path: string): Generator<Dirent> {
  const folder = openFolder(path);
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) yield entry;
  } finally {
    folder.closeSync();
  }
}

function openFolder(path: string): Dir {
  try {
    return opendirSync(path, { bufferSize: 256 });
  } catch (cause) {
    throw fileError(path, "a folder", cause);
  }
}

/** The entries of a folder by name, hidden ones too. @throws MaskwrightError NOT_FOUND, INVALID_ARGUMENT if it is a file */
export function readFolder(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw fileError(path, "a folder", cause);
  }
}

/**
 * The path of a file that another file names, which has to lie in `root`.
 *
 * @param root      a folder, trusted
 * @param name      a relative path with "/" between names, not trusted
 * @param where     the file and key that named it, for messages
 * @throws MaskwrightError BAD_FORMAT if the name is absolute, has "..", a drive, "\" or a control character, or
 *         a link on its way leads out of `root`. Whether the file exists is left to its reader.
 */
export function containedPath(root: string, name: string, where: string): string {
  const fault = pathFault(name);
  if (fault !== null)
    throw badFormat(
      where,
      `a path inside ${root}`,
      `${fault}: ${JSON.stringify(name)}`,
      'Paths are relative to that folder, with "/" between names.',
    );
  const path = join(root, name);
  const from = realPath(root);
  const to = realPath(path);
  if (to !== from && !to.startsWith(from.endsWith(sep) ? from : from + sep))
    throw badFormat(
      where,
      `a path inside ${root}`,
      `${JSON.stringify(name)}, a link to ${to}`,
      "Copy the file into the folder, or give the folder it lies in.",
    );
  return path;
}

/** Where a path leads once its links are followed, up to the first name that does not exist. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

/**
 * The bytes of a file.
 *
 * @throws MaskwrightError NOT_FOUND if there is none, INVALID_ARGUMENT if it is a folder or cannot be read
 */
export function readFileBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw fileError(path, "a file", cause);
  }
}

/** The error for a failed read: a missing file, or what else stands in the way. */
export function fileError(path: string, expected: string, cause: unknown): MaskwrightError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT")
    return new MaskwrightError("NOT_FOUND", `${path}: expected ${expected}, got nothing there`, {
      hint: "Check the path; a relative path starts at the current folder.",
      cause,
    });
  const got = code === "EISDIR" ? "a folder" : code === "ENOTDIR" ? "a file" : (code ?? message);
  return new MaskwrightError("INVALID_ARGUMENT", `${path}: expected ${expected}, got ${got}`, { cause });
}

/** What stands in the way of writing, by system error. */
const obstacles: Readonly<Record<string, string>> = {
  ENOENT: "no folder to write in",
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "a read-only disk",
  ENOSPC: "a full disk",
  EEXIST: "a file",
  ENOTDIR: "a path through a file",
  EISDIR: "a folder",
};

/** The error for a failed write, so that a full disk or a missing permission is one line and not a stack. */
export function writeError(path: string, expected: string, cause: unknown): MaskwrightError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const text = `${path}: expected ${expected}, got ${obstacles[code] ?? message}`;
  return new MaskwrightError("INVALID_ARGUMENT", text, { cause });
}
