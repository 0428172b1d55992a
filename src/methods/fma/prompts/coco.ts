import coco from "../../../../texts/coco.json" with { type: "json" };
import type { ClassTexts } from "../../../core/class-texts.ts";

/**
 * The 80 classes of COCO in the order of their category ids, and VOC's background without what is a class here, or nearly ("keyboard",
 * "sign"): `texts/coco.json`. "sknowboard" is what the published prompts say.
 *
 * @see Lin et al. 2023 (CLIP-ES), supplementary material; the same in FMA-WSSS
 */
export const cocoTexts: ClassTexts = { ...coco, classes: Object.values(coco.classes) };
