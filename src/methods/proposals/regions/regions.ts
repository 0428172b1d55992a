import { invalid } from "../../../core/error.ts";
import type { RgbImage } from "../../../core/image.ts";
import type { Proposal } from "../../../core/proposal.ts";
import { rleArea, rleBox } from "../../../core/rle.ts";
import { type Candidate, chooseDistinct } from "./distinct.ts";
import { buildPartitionTrees } from "./hierarchies.ts";
import { nodeRle } from "./node-mask.ts";
import { expectedIous } from "./ranking.ts";

export interface ProposeRegionsOptions {
  /** The most masks to return; default 300. */
  readonly count?: number;
  /** Of two masks with a larger IoU only one is returned; default 0.9. */
  readonly maxIou?: number;
  /** Smaller regions are left out, as a share of the picture; default 0.004. */
  readonly minAreaFraction?: number;
  /** Larger regions are left out; default 0.8. */
  readonly maxAreaFraction?: number;
}

/**
 * Candidate object masks of a photo, found without any weights: nodes of six partition trees, each a different way to
 * merge the same fine regions by edges, color, texture, size and shape. Masks of one tree are nested or disjoint.
 *
 * A picture without edges has no proposals. The result depends on nothing but the picture and the options.
 *
 * @returns  by descending `predictedIou`, the expected IoU with an object; `stability` is the mean, over the other five
 *           trees, of the best IoU with one of their nodes, so 1 for a region that every criterion finds
 * @throws MaskwrightError INVALID_ARGUMENT for an option out of its range; BAD_FORMAT or SHAPE_MISMATCH for a picture
 *         that is none
 * @see Arbeláez et al. 2014 (MCG) for nodes of several hierarchies ranked by cheap features and diversified;
 *      Uijlings et al. 2013 (Selective Search) for merging by several criteria; Felzenszwalb and Huttenlocher 2004
 *      for the fine regions
 */
export function proposeRegions(image: RgbImage, options: ProposeRegionsOptions = {}): Proposal[] {
  const { count = 300, maxIou = 0.9, minAreaFraction = 0.004, maxAreaFraction = 0.8 } = options;
  if (!Number.isInteger(count) || count < 0) throw invalid("proposeRegions: count", "an integer >= 0", count);
  for (const [name, value] of Object.entries({ maxIou, minAreaFraction, maxAreaFraction }))
    if (!(value >= 0 && value <= 1)) throw invalid(`proposeRegions: ${name}`, "0 to 1", value);
  const trees = buildPartitionTrees(image);
  const { height, width } = trees[0].graph.superpixels;
  const candidates: Candidate[] = trees.flatMap(({ stats, nodeCount }, tree) => {
    const qualities = expectedIous(trees[tree]);
    const nodes = Array.from({ length: nodeCount }, (_, node) => ({ tree, node, quality: qualities[node] }));
    return nodes.filter(({ node }) => {
      const fraction = stats.area[node] / (height * width);
      return fraction >= minAreaFraction && fraction <= maxAreaFraction;
    });
  });
  const chosen = chooseDistinct(trees, candidates, { count, maxIou, redundancy: 0.1 });
  return chosen
    .sort((a, b) => b.quality - a.quality)
    .map(({ tree, node, quality, stability }) => {
      const rle = nodeRle(trees[tree], node);
      return { rle, area: rleArea(rle), box: rleBox(rle), predictedIou: quality, stability };
    });
}
