import type { ClassTexts } from "../../../core/class-texts.ts";
import { vocTexts } from "./voc.ts";

/** Both are classes of COCO, or nearly: "keyboard" is one, "stop sign" another. */
const CLASSES_OF_COCO: readonly string[] = ["keyboard", "sign"];

/**
 * The 80 classes of COCO in the order of their category ids, and VOC's background without what is a class here.
 * "sknowboard" is what the published prompts say.
 *
 * @see Lin et al. 2023 (CLIP-ES), supplementary material; the same in FMA-WSSS
 */
export const cocoTexts: ClassTexts = {
  name: "coco",
  classes:
    `person with clothes,people,human|bicycle|car|motorbike|aeroplane|bus|train|truck|boat|traffic light
fire hydrant|stop sign|parking meter|bench|bird avian|cat|dog|horse|sheep|cow
elephant|bear|zebra|giraffe|backpack,bag|umbrella,parasol|handbag,purse|necktie|suitcase|frisbee
skis|sknowboard|sports ball|kite|baseball bat|glove|skateboard|surfboard|tennis racket|bottle
wine glass|cup|fork|knife|dessertspoon|bowl|banana|apple|sandwich|orange
broccoli|carrot|hot dog|pizza|donut|cake|chair seat|sofa|pottedplant|bed
diningtable|toilet|tvmonitor screen|laptop|mouse|remote control|keyboard|cell phone|microwave|oven
toaster|sink|refrigerator|book|clock|vase|scissors|teddy bear|hairdrier,blowdrier|toothbrush`.split(/[|\n]/),
  background: vocTexts.background.filter((text) => !CLASSES_OF_COCO.includes(text)),
};
