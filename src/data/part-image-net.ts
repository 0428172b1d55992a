/** Parts of PartImageNet by its super-categories, in the order of its category ids (0 to 39). "Tier" is the data set's spelling. */
const parts: readonly (readonly [thing: string, names: string])[] = [
  ["Quadruped", "Head,Body,Foot,Tail"],
  ["Biped", "Head,Body,Hand,Foot,Tail"],
  ["Fish", "Head,Body,Fin,Tail"],
  ["Bird", "Head,Body,Wing,Foot,Tail"],
  ["Snake", "Head,Body"],
  ["Reptile", "Head,Body,Foot,Tail"],
  ["Car", "Body,Tier,Side Mirror"],
  ["Bicycle", "Body,Head,Seat,Tier"],
  ["Boat", "Body,Sail"],
  ["Aeroplane", "Head,Body,Engine,Wing,Tail"],
  ["Bottle", "Mouth,Body"],
];

/** "background", then the 40 parts as "Quadruped Head": class id = category id + 1. */
export const partImageNetClasses: readonly string[] = [
  "background",
  ...parts.flatMap(([thing, names]) => names.split(",").map((name) => `${thing} ${name}`)),
];
