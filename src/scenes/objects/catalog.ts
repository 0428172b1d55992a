import type { ClassId } from "../../core/label-map.ts";
import type { ObjectClass } from "../model.ts";
import { bird } from "./bird.ts";
import { boat } from "./boat.ts";
import { bottle } from "./bottle.ts";
import { butterfly } from "./butterfly.ts";
import { car } from "./car.ts";
import { cat } from "./cat.ts";
import { chair } from "./chair.ts";
import { cup } from "./cup.ts";
import { fish } from "./fish.ts";
import { flower } from "./flower.ts";
import { house } from "./house.ts";
import { lamp } from "./lamp.ts";
import { mushroom } from "./mushroom.ts";
import { person } from "./person.ts";
import { tree } from "./tree.ts";

/** Every class a scene can hold; class id = 1 + index. New classes go to the end: ids at rest must keep their meaning. */
export const objectClasses: readonly ObjectClass[] = [
  car,
  house,
  tree,
  person,
  bird,
  fish,
  boat,
  cup,
  flower,
  lamp,
  cat,
  chair,
  bottle,
  butterfly,
  mushroom,
];

/** Class names, index = class id; 0 is the background. */
export const sceneClasses: readonly string[] = ["background", ...objectClasses.map(({ name }) => name)];

const parts: readonly { readonly name: string; readonly classId: ClassId }[] = objectClasses.flatMap(
  (object, index) => object.parts.map((part) => ({ name: `${object.name} ${part}`, classId: index + 1 })),
);

/** Part names ("car wheel"), index = part class id; 0 is what is no part. */
export const scenePartClasses: readonly string[] = ["background", ...parts.map(({ name }) => name)];

/** The class each part class belongs to, index = part class id. */
export const scenePartOwners: readonly ClassId[] = [0, ...parts.map(({ classId }) => classId)];

/** The part class of a named part of a class; 0 for a thing of no class. */
export function partClassOf(classId: ClassId, part: string): ClassId {
  return classId === 0 ? 0 : scenePartClasses.indexOf(`${objectClasses[classId - 1].name} ${part}`);
}
