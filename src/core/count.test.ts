import { expect, it } from "vitest";
import { formatCount } from "./count.ts";

it.each([
  [0, "0 images"],
  [1, "1 image"],
  [2, "2 images"],
])("formatCount(%d) is %j", (count, text) => expect(formatCount(count, "image")).toBe(text));
