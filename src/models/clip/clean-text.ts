import { bareEntities, namedEntities, WINDOWS_1252 } from "./html-entities.ts";

/**
 * A text as CLIP's tokenizer sees it: repaired, HTML references replaced, blanks collapsed, in lower case.
 *
 * The published code first has the library ftfy repair the text. Of that this does what a label or a caption can need (see `repairText`); it
 * does not undo text that was decoded with the wrong encoding ("sâ€¦" for "s…"), and takes no digraphs apart ("ǆ", "ĳ"). Of named references it
 * knows those of HTML 4 and `apos`, not the two thousand that HTML 5 added.
 *
 * @see openai/CLIP, `simple_tokenizer.py`, `basic_clean`, `whitespace_clean`
 */
export function cleanText(text: string): string {
  const plain = unescapeHtml(unescapeHtml(repairText(text)));
  return plain
    .replace(/\p{White_Space}+/gu, " ")
    .trim()
    .toLowerCase();
}

/** Repairs, again until nothing changes: one may uncover another. */
function repairText(text: string): string {
  let before: string;
  let after = text;
  do {
    before = after;
    after = repairOnce(before);
  } while (after !== before);
  return after;
}

/** @see ftfy 6, `fix_text`, in the order of its steps */
function repairOnce(text: string): string {
  // A text with tags is taken for HTML source, whose references have a meaning.
  const plain = text.includes("<") ? text : unescapeHtml(text);
  return (
    plain
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colors of a terminal
      .replace(/\x1b\[[\d;]*[a-zA-Z]/g, "")
      .replace(/[\x80-\x9f]/g, (control) => WINDOWS_1252[control.charCodeAt(0) - 0x80])
      // Ligatures, and full and half width; the rest of Unicode's compatibility characters mean something.
      .replace(/[\ufb00-\ufb06\u3000\uff01-\uffef]/g, (character) => character.normalize("NFKC"))
      .replace(/[\u02bc\u2018-\u201b]/g, "'")
      .replace(/[\u201c-\u201f]/g, '"')
      .replace(/\r\n|[\r\u2028\u2029]/g, "\n")
      .replace(/\p{Surrogate}/gu, "\ufffd")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters without a use in text
      .replace(/[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g, "")
      .normalize("NFC")
  );
}

/**
 * Character references replaced, as HTML reads them: `&#39;` and `&#x27;` with or without the semicolon, names with it, and the old names
 * also without, then the longest that fits (`&notit` is "¬it").
 *
 * @see Python, `html.unescape`
 */
export function unescapeHtml(text: string): string {
  return text.replace(
    /&(?:#(\d+);?|#[xX]([\da-fA-F]+);?|([a-zA-Z][a-zA-Z\d]*)(;?))/g,
    (reference, ...groups) => {
      const [decimal, hexadecimal, name, semicolon] = groups as readonly (string | undefined)[];
      if (decimal !== undefined) return numbered(Number.parseInt(decimal, 10));
      if (hexadecimal !== undefined) return numbered(Number.parseInt(hexadecimal, 16));
      return named(name ?? "", semicolon ?? "") ?? reference;
    },
  );
}

function named(name: string, semicolon: string): string | null {
  const whole = semicolon === "" ? undefined : namedEntities.get(name);
  if (whole !== undefined) return whole;
  for (let length = Math.min(name.length, LONGEST_BARE); length >= 2; length--) {
    const character = bareEntities.get(name.slice(0, length));
    if (character !== undefined) return character + name.slice(length) + semicolon;
  }
  return null;
}

const LONGEST_BARE = Math.max(...[...bareEntities.keys()].map((name) => name.length));

function numbered(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return "\ufffd";
  if (code >= 0x80 && code <= 0x9f) return WINDOWS_1252[code - 0x80];
  const isForbidden =
    (code < 0x20 && !"\t\n\f\r".includes(String.fromCharCode(code))) ||
    code === 0x7f ||
    (code >= 0xfdd0 && code <= 0xfdef) ||
    (code & 0xfffe) === 0xfffe;
  return isForbidden ? "" : String.fromCodePoint(code);
}
