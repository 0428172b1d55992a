import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { badFormat } from "../../core/error.ts";
import { rleIou } from "../../core/iou.ts";
import type { ProposalSet } from "../../core/proposal.ts";
import { listMaskFolder } from "../mask-folder.ts";
import { describeOddMasks } from "../odd-masks.ts";
import { decodeProposals, encodeProposals } from "../proposal-file.ts";
import { decodeProposalFolder, encodeProposalFolder } from "../proposal-folder.ts";
import { type ProposalLayout, proposalLayouts } from "../proposal-layout.ts";
import { openProposals } from "../proposal-source.ts";
import { loadProposals } from "../stored-proposals.ts";
import type { ConvertJob } from "./job.ts";

/** A folder of proposals JSON as folders of mask PNGs, with the qualities in SAM's `metadata.csv`. */
export async function proposalsToFolders(job: ConvertJob): Promise<void> {
  await convertEach(job, "json", (set, base) => {
    const { id, proposals } = set;
    mkdirSync(base, { recursive: true });
    for (const [name, bytes] of encodeProposalFolder(set)) writeFileSync(join(base, name), bytes);
    job.ledger.lose("levels", id, proposals.filter(({ level }) => level !== undefined).length);
    job.ledger.lose("picture-sizes", id, proposals.length === 0 && set.height > 0 ? 1 : 0);
    const files = listMaskFolder(base).map((path) => ({ path, bytes: readFileSync(path) }));
    return decodeProposalFolder(files, id).set;
  });
}

/** Folders of mask PNGs as a folder of proposals JSON. */
export async function foldersToProposals(job: ConvertJob): Promise<void> {
  await convertEach(job, "masks", (set, base) => {
    const path = `${base}.json`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, encodeProposals(set));
    return decodeProposals(readFileSync(path), path);
  });
}

/** @param write  writes a set at a path without extension and reads it back */
async function convertEach(
  { input, output, ledger, watch }: ConvertJob,
  layout: ProposalLayout,
  write: (set: ProposalSet, base: string) => ProposalSet,
): Promise<void> {
  const source = openProposals(input);
  if (source.layout !== layout)
    throw badFormat(input, proposalLayouts[layout], proposalLayouts[source.layout], "Check --from.");
  mkdirSync(output);
  watch.begin("convert", source.ids.length);
  for (const id of source.ids) {
    const { set, oddMasks } = (await loadProposals(source.folder, id)).decode();
    for (const odd of oddMasks) ledger.warn(describeOddMasks(odd));
    const back = write(set, join(output, id));
    ledger.picture();
    for (const [k, { rle, area }] of set.proposals.entries()) {
      const other = back.proposals[k];
      // Two empty masks are the same mask.
      ledger.compare(id, area === 0 && other.area === 0 ? 1 : rleIou(rle, other.rle));
    }
    await watch.advance(id);
  }
}
