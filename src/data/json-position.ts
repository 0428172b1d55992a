/** A mark, the quote a string begins with, or any other value. */
const token = /[ \t\r\n]*(?:([{}[\],:])|(")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Where text stops being JSON: the index of the first character that no JSON could have there, or the text's
 * length when it ends too early. V8's own error tells the position only sometimes.
 */
export function jsonErrorPosition(text: string): number {
  const open: string[] = [];
  // What may come next: a value, a key, a colon, or what follows a value; "first" also allows a closing bracket.
  let next: "value" | "first value" | "key" | "first key" | "colon" | "after" = "value";
  let end = 0;
  for (;;) {
    token.lastIndex = end;
    const match = token.exec(text);
    if (match === null) break;
    const [, mark, quote] = match;
    const tokenEnd = quote === undefined ? token.lastIndex : stringEnd(text, token.lastIndex);
    if (tokenEnd < 0) break;
    const container = open[open.length - 1];
    const wantsValue = next === "value" || next === "first value";
    if (mark === "{" || mark === "[") {
      if (!wantsValue) break;
      open.push(mark);
      next = mark === "{" ? "first key" : "first value";
    } else if (mark === "}" || mark === "]") {
      const first = mark === "}" ? "first key" : "first value";
      if (container !== (mark === "}" ? "{" : "[") || (next !== "after" && next !== first)) break;
      open.pop();
      next = "after";
    } else if (mark === ",") {
      if (next !== "after" || container === undefined) break;
      next = container === "{" ? "key" : "value";
    } else if (mark === ":") {
      if (next !== "colon") break;
      next = "value";
    } else if (quote !== undefined && (next === "key" || next === "first key")) next = "colon";
    else if (wantsValue) next = "after";
    else break;
    end = tokenEnd;
  }
  while (/[ \t\r\n]/.test(text.charAt(end))) end++;
  return end;
}

/** The index after the string whose first character is at `at`, or −1; a regular expression's stack would not hold a long one. */
function stringEnd(text: string, at: number): number {
  for (let p = at; p < text.length; ) {
    const code = text.charCodeAt(p);
    if (code === 0x22) return p + 1;
    if (code < 0x20) return -1;
    if (code !== 0x5c) {
      p++;
      continue;
    }
    escapeSequence.lastIndex = p;
    if (!escapeSequence.test(text)) return -1;
    p = escapeSequence.lastIndex;
  }
  return -1;
}
