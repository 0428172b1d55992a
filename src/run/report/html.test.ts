import { describe, expect, it } from "vitest";
import { html, toMarkup, trustedHtml } from "./html.ts";

describe("html", () => {
  it("escapes text, in content and in attributes", () => {
    const hostile = `"><script>alert('1')</script>&`;
    expect(toMarkup(html`<p title="${hostile}">${hostile}</p>`)).toBe(
      `<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;">&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;</p>`,
    );
  });

  it("nests templates, joins lists, writes 0 and leaves out null", () => {
    const items = [1, 0].map((n) => html`<li>${n}</li>`);
    expect(toMarkup(html`<ul>${items}${null}${[]}</ul>`)).toBe("<ul><li>1</li><li>0</li></ul>");
  });

  it("takes trusted markup as it stands, and nothing that only looks like it", () => {
    expect(toMarkup(html`${trustedHtml("<b>&amp;</b>")}`)).toBe("<b>&amp;</b>");
    const forged = JSON.parse(`{"markup":"<script>"}`);
    expect(toMarkup(html`${forged}`)).not.toContain("<script>");
  });
});
