import { expect, it } from "vitest";
import { sceneIds } from "./dataset.ts";

it("numbers scenes so that a longer list begins with a shorter one", () => {
  expect(sceneIds(2, 7)).toEqual(["scene-7-000000", "scene-7-000001"]);
  expect(sceneIds(5, 7).slice(0, 2)).toEqual(sceneIds(2, 7));
  expect(sceneIds(0, 7)).toEqual([]);
  expect(() => sceneIds(-1, 7)).toThrow("sceneIds: count: expected an integer of 0 or more, got -1 (number)");
});
