const markup: unique symbol = Symbol("markup");

/** A piece of HTML. Only `html` and `trustedHtml` make one: no value from a file or a message can pass for it. */
export interface Html {
  readonly [markup]: string;
}

/** What may stand in a template: text and numbers are escaped, nothing (null) is left out, a list is joined. */
export type HtmlPart = Html | string | number | null | readonly HtmlPart[];

/** A template whose values are escaped, for text and for quoted attributes alike. */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return trustedHtml(strings.reduce((text, string, k) => text + toMarkup(parts[k - 1]) + string));
}

/** Markup of our own, taken as it stands; never text that came from outside. */
export function trustedHtml(text: string): Html {
  return { [markup]: text };
}

/** The text of a piece of HTML. */
export function toMarkup(part: HtmlPart): string {
  if (part === null) return "";
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return escapeText(part);
  if (Array.isArray(part)) return part.map(toMarkup).join("");
  return (part as Html)[markup];
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char]);
}
