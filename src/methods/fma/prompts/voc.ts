import voc from "../../../../texts/voc.json" with { type: "json" };
import type { ClassTexts } from "../../../core/class-texts.ts";

/**
 * The 20 classes of PASCAL VOC, sharpened where CLIP takes a name for something else ("bird avian"), and what lies behind them:
 * `texts/voc.json`, whose classes are in the order of their ids.
 *
 * @see Lin et al. 2023 (CLIP-ES), supplementary material; the same in FMA-WSSS
 */
export const vocTexts: ClassTexts = { ...voc, classes: Object.values(voc.classes) };
