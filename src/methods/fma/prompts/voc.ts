import type { ClassTexts } from "../../../core/class-texts.ts";

/**
 * The 20 classes of PASCAL VOC, sharpened where CLIP takes a name for something else ("bird avian"), and what lies behind them.
 *
 * @see Lin et al. 2023 (CLIP-ES), supplementary material; the same in FMA-WSSS
 */
export const vocTexts: ClassTexts = {
  name: "voc",
  classes: [
    "aeroplane",
    "bicycle",
    "bird avian",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair seat",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person with clothes,people,human",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor screen",
  ],
  background: [
    ..."ground,land,grass,tree,building,wall,sky,lake,water,river,sea,railway,railroad,keyboard,helmet".split(
      ",",
    ),
    ..."cloud,house,mountain,ocean,road,rock,street,valley,bridge,sign".split(","),
  ],
};
