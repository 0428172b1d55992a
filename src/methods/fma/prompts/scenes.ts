import type { ClassTexts } from "../../../core/class-texts.ts";

/** The classes of drawn scenes by their own names, and what lies behind them; what is of no class is clutter. For `toy-clip`. */
export const sceneTexts: ClassTexts = {
  name: "scenes",
  classes: [
    ..."car,house,tree,person,bird,fish,boat,cup,flower,lamp,cat,chair,bottle,butterfly,mushroom".split(","),
  ],
  background: [..."sky,grass,sand,snow,soil,road,water,wall,floor,cloth,foliage,clutter".split(",")],
};
