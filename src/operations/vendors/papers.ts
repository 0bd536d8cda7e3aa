/** The papers of due diligence of an organization about its vendors, as of a moment (baa-messaging VR5). */
import { ASSURANCE, paperOf, type VendorPaper } from '../../agreements/papers.ts';
import { associateOf } from '../../agreements/contract.ts';
import type { StoredContract } from '../../agreements/pair.ts';
import type { Ref } from '../../fhir/types.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { parseStored, resourceOf } from '../../ports/stored-resource.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import { findThen, type TwoTimes } from './contracts.ts';

/**
 * Those that the organization keeps, about the organizations among their authors, and those that a Contract of its own names
 * (`supportingInfo`), about the associate of that Contract.
 */
export async function papersOf(
  times: TwoTimes,
  organization: Ref,
  contracts: readonly StoredContract[],
): Promise<readonly VendorPaper[]> {
  const found = await findThen(times, 'DocumentReference', {
    kind: 'all',
    of: [
      { kind: 'token', param: 'category', ...ASSURANCE },
      { kind: 'keeper', of: [organization] },
    ],
  });
  const papers = new Map<Ref, VendorPaper>();
  for (const { ref, text, custodian } of found) {
    const paper = custodian === organization ? paperOf(ref, parseStored(text)) : undefined;
    if (paper !== undefined) papers.set(ref, paper);
  }
  for (const { contract } of contracts) {
    const vendor = associateOf(contract);
    for (const named of valuesAt(contract, 'supportingInfo')) {
      const ref = localRef(named);
      const paper = ref === undefined || vendor === undefined ? undefined : await paperAt(times, ref);
      if (paper === undefined || vendor === undefined) continue;
      const known = papers.get(paper.ref) ?? paper;
      papers.set(paper.ref, { ...known, about: [...new Set([...known.about, vendor])] });
    }
  }
  return [...papers.values()];
}

async function paperAt({ past }: TwoTimes, ref: Ref): Promise<VendorPaper | undefined> {
  const document = resourceOf(await past.read(ref, EVERYTHING));
  return document?.resourceType === 'DocumentReference' ? paperOf(ref, document) : undefined;
}
