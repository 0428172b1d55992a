import { expect, it } from "vitest";
import { encodeCam } from "../data/cam-file.ts";
import { encodeLabelMap } from "../data/label-file.ts";
import { labels } from "../testing/picture.ts";
import { decodeLabels } from "./decode-labels.ts";

const reading = { background: { kind: "threshold", threshold: 0.4 }, keyBase: 0 } as const;
const cam = { kind: "cam", classes: [2], height: 1, width: 2, data: Float32Array.of(0, 1) } as const;

it("takes label maps as they are", async () => {
  const map = labels("012 x00");
  expect(await decodeLabels(encodeLabelMap(map), "a.png", reading)).toEqual(map);
});

it("stretches a CAM to the picture that its file speaks of, before the background competes", async () => {
  expect(await decodeLabels(encodeCam(cam), "a.safetensors", reading)).toEqual(labels("02"));
  const large = await decodeLabels(encodeCam(cam, { height: 2, width: 4 }), "a.safetensors", reading);
  // Bilinear: 0, 0.25, 0.75, 1.
  expect(large).toEqual(labels("0022 0022"));
  const empty = encodeCam({ ...cam, classes: [], data: new Float32Array(0) }, { height: 1, width: 3 });
  expect(await decodeLabels(empty, "a.safetensors", reading)).toEqual(labels("000"));
});

it("stretches a CAM whose file does not speak of its picture to the size given", async () => {
  const size = { height: 2, width: 4 };
  expect(await decodeLabels(encodeCam(cam), "a.safetensors", reading, size)).toEqual(labels("0022 0022"));
  // What the file says comes first.
  const said = encodeCam(cam, { height: 1, width: 2 });
  expect(await decodeLabels(said, "a.safetensors", reading, size)).toEqual(labels("02"));
});
