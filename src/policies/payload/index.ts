/** Every row of the payload table, one line each, and which of them a disclosure follows. */
import type { PartyKind } from '../party-kind.ts';
import { isWithin, type Purpose } from '../purpose.ts';
import { arthritis } from './arthritis.ts';
import { community } from './community.ts';
import { diabetesPrevention } from './diabetes-prevention.ts';
import { hypertension } from './hypertension.ts';
import { nutritionBaby } from './nutrition-baby.ts';
import { nutritionMother } from './nutrition-mother.ts';
import { obesity } from './obesity.ts';
import { otherInformation } from './other-information.ts';
import type { PayloadRow } from './row.ts';
import { tobaccoCessation } from './tobacco-cessation.ts';

export const PAYLOADS: readonly PayloadRow[] = [
  otherInformation,
  obesity,
  arthritis,
  hypertension,
  nutritionBaby,
  nutritionMother,
  diabetesPrevention,
  tobaccoCessation,
  community,
];

interface PayloadQuestion {
  readonly recipientKinds: ReadonlySet<PartyKind>;
  readonly purpose: Purpose;
  /** Codes of the sections of the request document. */
  readonly sections: ReadonlySet<string>;
}

/**
 * The rows that a disclosure follows; none: there is no standard protocol for it. What the recipient is comes first: a
 * service of a community organization is not told more than such an organization is. An organization that is a provider as
 * well is told as a provider.
 */
export function payloadsFor({ recipientKinds, purpose, sections }: PayloadQuestion): readonly PayloadRow[] {
  const fitting = PAYLOADS.filter(({ purposes }) => purposes.some((one) => isWithin(purpose, one)));
  const byKind = payloadOfKinds(recipientKinds);
  if (byKind !== undefined) return fitting.filter((row) => row === byKind);
  return fitting.filter(({ section }) => section !== undefined && sections.has(section));
}

/** The row that holds for a party whatever is told, because of what it is; undefined: none does. */
export const payloadOfKinds = (kinds: ReadonlySet<PartyKind>): PayloadRow | undefined =>
  kinds.has('provider')
    ? undefined
    : PAYLOADS.find(({ recipient }) => recipient !== undefined && kinds.has(recipient));

const BY_NAME: ReadonlyMap<string, PayloadRow> = new Map(PAYLOADS.map((row) => [row.name, row]));

/** The row of a name that the server wrote itself. */
export function payloadNamed(name: string): PayloadRow {
  const row = BY_NAME.get(name);
  if (row === undefined) throw new Error(`there is no payload ${name}`);
  return row;
}

/** The types that a row tells of as parts of a referral, or of what is addressed to the recipient itself. */
export const payloadTypes = (name: string, of: 'referral' | 'addressed'): readonly string[] =>
  Object.entries(payloadNamed(name).types).flatMap(([type, { addressed = false }]) =>
    addressed === (of === 'addressed') ? [type] : [],
  );
