/**
 * How far SEPL could lift the TransCAM labels of the VOC train photos: merged with `regions`, and with oracles that
 * cheat by looking at the truth. `npx tsx bench/oracles.ts`
 */
import { componentsToRles, labelMapComponents } from "../src/core/components.ts";
import { BACKGROUND, IGNORE, type LabelMap } from "../src/core/label-map.ts";
import { addConfusion, confusion, emptyConfusion, scores } from "../src/core/metrics.ts";
import { labelMapToRles, type Rle } from "../src/core/rle.ts";
import { proposalsForRefinement } from "../src/methods/proposals/regions/refinement.ts";
import { proposeRegions } from "../src/methods/proposals/regions/regions.ts";
import { mergeProposals } from "../src/methods/sepl/merge.ts";
import { readVocPhotos, type VocPhoto } from "./voc-photos.ts";

const sources: readonly (readonly [name: string, propose: ((photo: VocPhoto) => Rle[]) | null])[] = [
  ["TransCAM as it is", null],
  [
    "refined with regions",
    ({ image }) => proposalsForRefinement(proposeRegions(image)).map(({ rle }) => rle),
  ],
  ["oracle: components of the foreground truth", ({ truth }) => truthComponents(truth, isForeground)],
  [
    "oracle: components of foreground, background and void",
    ({ truth }) => truthComponents(truth, () => true),
  ],
  ["oracle: one mask a class, with background and void", ({ truth }) => [...labelMapToRles(truth).values()]],
];

const photos = await readVocPhotos();
if (photos !== null) {
  const tuning = photos.filter(({ isForTuning }) => isForTuning);
  const others = photos.filter(({ isForTuning }) => !isForTuning);
  console.log(
    `mIoU, percent        ${tuning.length} for tuning   other ${others.length}   all ${photos.length}`,
  );
  for (const [name, propose] of sources) {
    const labels = photos.map((photo) =>
      propose === null ? photo.pseudo : mergeProposals(photo.pseudo, propose(photo)).labels,
    );
    const miou = (subset: readonly VocPhoto[]): string => {
      const total = emptyConfusion(21);
      for (const photo of subset)
        addConfusion(total, confusion(labels[photos.indexOf(photo)], photo.truth, 21));
      return (100 * (scores(total).miou ?? Number.NaN)).toFixed(2);
    };
    console.log([miou(tuning), miou(others), miou(photos), name].join("   "));
  }
}

function isForeground(id: number): boolean {
  return id !== BACKGROUND && id !== IGNORE;
}

/** The truth's 8-connected components of one class each, as masks. */
function truthComponents(truth: LabelMap, isWanted: (classId: number) => boolean): Rle[] {
  const found = labelMapComponents(truth);
  return componentsToRles(found).filter((_, k) => isWanted(found.components[k].classId));
}
