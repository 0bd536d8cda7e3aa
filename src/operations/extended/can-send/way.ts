/** By which ways a recipient would be told, who operates each, and what is to be known about them (baa-messaging 6, BA18). */
import { mayRead } from '../../../agreements/told.ts';
import { carrierWords } from '../../../agreements/words.ts';
import type { WayTold } from '../../../delivery/ways.ts';
import type { Ref } from '../../../fhir/types.ts';
import { EVERYTHING } from '../../../ports/query.ts';
import type { Snapshot } from '../../../ports/store.ts';
import { resourceOf } from '../../../ports/stored-resource.ts';
import { readPartyName } from '../../../resources/parties/party-names.ts';
import type { OperationContext } from '../../context.ts';
import type { Out } from '../output.ts';
import { tellAgreement } from './standing-told.ts';

export interface WayQuestion {
  readonly type: 'Communication' | 'ServiceRequest';
  /** Who asks, and who would be told. */
  readonly from: Ref;
  readonly to: Ref;
  readonly recipient: Ref | undefined;
  /** The one way that is asked about; undefined: all. */
  readonly rail: string | undefined;
}

interface WaysAnswered {
  readonly parts: readonly Out[];
  readonly warnings: readonly string[];
}

export async function answerWays(
  { findWays }: Pick<OperationContext, 'findWays'>,
  snapshot: Snapshot,
  { from, to, rail, ...asked }: WayQuestion,
): Promise<WaysAnswered> {
  if (findWays === undefined || from === to) return { parts: [], warnings: [] };
  const all = await findWays({ ...asked, organization: to, teller: from }, snapshot);
  const found = rail === undefined ? all : all.filter((way) => way.rail === rail);
  const ways: readonly WayTold[] =
    found.length === 0 && rail !== undefined
      ? [{ rail, taken: false, why: 'no-endpoint', carriers: [] }]
      : found;
  const warnings = new Set<string>();
  for (const way of ways) for (const words of await carrierWarnings(snapshot, way, from)) warnings.add(words);
  if (!all.some(({ taken }) => taken)) warnings.add(NO_WAY);
  return { parts: ways.map((way) => tellWay(way, from)), warnings: [...warnings] };
}

/** What is accepted and leads nowhere is a person's to deliver. */
const NO_WAY = 'No way of this server leads there: a work item asks a person to deliver it.';

async function carrierWarnings(
  now: Snapshot,
  { rail, carriers }: WayTold,
  from: Ref,
): Promise<readonly string[]> {
  const words: string[] = [];
  for (const { carrier, standing } of carriers) {
    if (standing.state === 'active') continue;
    const name = await readPartyName(carrier, async (ref) => resourceOf(await now.read(ref, EVERYTHING)));
    const link = mayRead(standing, from) ? (standing.contract ?? 'Contract') : 'Contract';
    words.push(carrierWords(rail, name, link));
  }
  return words;
}

const tellWay = ({ rail, taken, why, carriers }: WayTold, from: Ref): Out => ({
  name: 'rail',
  part: [
    { name: 'code', valueCode: rail },
    { name: 'taken', valueBoolean: taken },
    ...(why === undefined ? [] : [{ name: 'why', valueCode: why }]),
    ...carriers.map(({ carrier, standing }) => ({
      name: 'carrier',
      part: [{ name: 'reference', valueReference: { reference: carrier } }, tellAgreement(standing, from)],
    })),
  ],
});
