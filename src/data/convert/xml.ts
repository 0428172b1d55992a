import { XMLParser } from "fast-xml-parser";
import { badFormat } from "../../core/error.ts";
import { decodeText } from "../json-file.ts";
import { type FileItems, fileItems, scanFile } from "./file-items.ts";

/** An element with what it holds, in the order of the file; text only where there is nothing else. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const MAX_DEPTH = 20;
const [QUOTE, APOSTROPHE, SLASH, LESS, MORE] = [0x22, 0x27, 0x2f, 0x3c, 0x3e];
/** Bytes of the longest name that is looked at. */
const MAX_NAME = 64;

/**
 * Finds the elements of one name right below the root, without reading the file whole. The rest of the structure is checked as far as
 * tags open and close.
 *
 * @param refused  names that may not stand beside them, and what to do about it
 * @returns where they lie, and where the first of them, or else the root's end, begins
 * @throws MaskwrightError BAD_FORMAT for a document type, an entity, a comment or CDATA, in any of which tags could hide;
 *         for tags that do not close, deeper nesting than 20, or an element of more than `maxBytes`
 */
export function indexXml(
  path: string,
  name: string,
  { maxBytes, refused }: { readonly maxBytes: number; readonly refused: Readonly<Record<string, string>> },
): { readonly items: FileItems; readonly headEnd: number } {
  const starts: number[] = [];
  const ends: number[] = [];
  let headEnd = -1;
  let depth = 0;
  let open = -1; // where the tag under way begins
  let quote = 0;
  let tagName = "";
  let isNamed = false;
  let last = 0;

  const fail = (at: number, expected: string, got: string, hint?: string): Error =>
    badFormat(`${path}: byte ${at}`, expected, got, hint);
  const endTag = (end: number): void => {
    const isClosing = tagName.startsWith("/");
    const plain = isClosing ? tagName.slice(1) : tagName;
    if (tagName.startsWith("?")) return;
    if (!isClosing && depth === 1) {
      const hint = refused[plain];
      if (hint !== undefined) throw fail(open, `no <${plain}>`, "one", hint);
      if (plain === name) {
        if (headEnd < 0) headEnd = open;
        starts.push(open);
      }
    }
    if (isClosing) depth--;
    else if (last !== SLASH) depth++;
    if (depth < 0 || depth > MAX_DEPTH)
      throw fail(open, `tags nested 0 to ${MAX_DEPTH} deep`, `<${tagName}>`);
    if (depth === 1 && plain === name && (isClosing || last === SLASH)) {
      ends.push(end);
      const bytes = end - starts[ends.length - 1];
      if (bytes > maxBytes) throw fail(open, `<${name}> of at most ${maxBytes} bytes`, `${bytes}`);
    }
    if (depth === 0 && headEnd < 0) headEnd = open;
  };
  scanFile(path, (chunk, offset) => {
    for (let p = 0; p < chunk.length; p++) {
      const byte = chunk[p];
      if (open < 0) {
        if (byte !== LESS) continue;
        open = offset + p;
        tagName = "";
        isNamed = false;
        quote = 0;
        last = 0;
        continue;
      }
      if (quote !== 0) {
        if (byte === quote) quote = 0;
      } else if (byte === MORE) {
        // A name may end in the tag's own "/": <image/>.
        if (tagName.length > 1 && tagName.endsWith("/")) tagName = tagName.slice(0, -1);
        endTag(offset + p + 1);
        open = -1;
        continue;
      } else if (byte === LESS) throw fail(open, 'a tag\'s end before the next "<"', "none");
      else if (!isNamed) {
        if (byte <= 0x20) isNamed = true;
        else tagName += String.fromCharCode(byte);
        if (tagName === "!")
          throw fail(
            open,
            "XML without comments, CDATA or a document type",
            "one",
            "Export it again, or take them out.",
          );
        if (tagName.length > MAX_NAME) throw fail(open, `names of at most ${MAX_NAME} bytes`, `<${tagName}…`);
      } else if (byte === QUOTE || byte === APOSTROPHE) quote = byte;
      if (byte > 0x20) last = byte;
    }
  });
  if (open >= 0 || depth !== 0 || headEnd < 0)
    throw badFormat(
      path,
      "XML to its last tag",
      open >= 0 ? "a tag that does not end" : "none",
      "The file was not written to its end.",
    );
  return { items: fileItems(path, starts, ends), headEnd };
}

/** One element and all it holds. Entities stand for the five characters of XML, or for one by its number. */
export function parseXml(bytes: Uint8Array, where: string): XmlElement {
  const text = decodeText(bytes, where);
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    processEntities: false,
    parseTagValue: false,
    parseAttributeValue: false,
    ignoreDeclaration: true,
    maxNestedTags: MAX_DEPTH,
  });
  let nodes: Node[];
  try {
    nodes = parser.parse(text, true) as Node[];
  } catch (error) {
    throw badFormat(where, "XML", (error as Error).message);
  }
  const [root] = toElements(nodes);
  if (root === undefined) throw badFormat(where, "XML with one element", "none");
  return root;
}

/** As the parser gives it: one key for the element, one for its attributes. */
type Node = Readonly<Record<string, unknown>>;

function toElements(nodes: readonly Node[]): XmlElement[] {
  return nodes.flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ":@");
    if (name === undefined || name === "#text") return [];
    const content = node[name] as readonly Node[];
    const attributes = Object.entries((node[":@"] ?? {}) as Record<string, string>);
    const text = content.map((child) => String(child["#text"] ?? "")).join("");
    return {
      name,
      attributes: Object.fromEntries(attributes.map(([key, value]) => [key, decodeEntities(value)])),
      children: toElements(content),
      text: decodeEntities(text),
    };
  });
}

const characters: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:(lt|gt|quot|apos|amp)|#(\d{1,7})|#x([\da-fA-F]{1,6}));/g,
    (whole, name, decimal, hex) => {
      if (name !== undefined) return characters[name];
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** Text as it stands in an attribute or between tags. */
export function escapeXml(text: string): string {
  const names: Record<string, string> = {
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
    "&": "&amp;",
  };
  return text.replace(/[<>"'&]/g, (character) => names[character]);
}
