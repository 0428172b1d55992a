export * from "./dataset.ts";
export { roughCam, roughLabels } from "./degrade.ts";
export { type StuffName, stuffNames } from "./model.ts";
export { sceneClasses, scenePartClasses, scenePartOwners } from "./objects/catalog.ts";
export {
  drawScene,
  type Scene,
  type SceneInstance,
  type SceneOptions,
  type ScenePart,
} from "./scene.ts";
