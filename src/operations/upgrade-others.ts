/**
 * What the persons, roles, places, services, affiliations and endpoints of a folder of format 1 are given at its first
 * start, after its organizations: their standing; verified rows for the numbers that an administrator gave to persons; and
 * a claim for each role that an organization gave to a person whom another keeps (directory DR19).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { EVERYTHING, type Match } from '../ports/query.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Snapshot } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { localRef, typeOf } from '../resources/element.ts';
import { writeRoleClaim } from '../resources/party-world.ts';
import { identitiesIn, isSound, type Identity } from '../resources/parties/identity-systems.ts';
import { findRow, keyOf, writeRow } from '../resources/parties/register.ts';
import {
  PARTY_TYPES,
  saysStanding,
  standingOf,
  withStanding,
  type Standing,
} from '../resources/parties/standing.ts';
import { declarationOf, planStored } from './write/draft.ts';
import { buildWrite } from './write/commit.ts';
import {
  BY,
  upgradeCommit,
  findAll,
  isIdentifying,
  nowOf,
  saidByAdministrator,
  wroteAsAdministrator,
  type UpgradeParts,
} from './upgrade.ts';

const MARKER = { kind: 'upgrade', key: 'others' } as const;

/** Resources that one commit tags. */
const AT_ONCE = 200;

interface Tagged {
  readonly tagged: number;
  /** Numbers of persons. */
  readonly verified: number;
  /** Roles that an administrator is to write before they count. */
  readonly claimed: number;
}

/** Does all that is left to do, once. A start that was interrupted goes on where it ended. */
export async function tagOthers(parts: UpgradeParts): Promise<Tagged | undefined> {
  const { store } = parts;
  if ((await store.snapshot().record(MARKER.kind, MARKER.key)) !== undefined) return undefined;
  const total = { tagged: 0, verified: 0, claimed: 0 };
  const numbers = await numbersOfPersons(parts);
  for (const type of PARTY_TYPES) {
    if (type === 'Organization') continue;
    const found = (await findAll(store.snapshot(), type)).filter(({ text }) => !saysStanding(read(text)));
    for (let at = 0; at < found.length; at += AT_ONCE) {
      const some = found.slice(at, at + AT_ONCE);
      const records = [...(await rowsFor(parts, some, numbers)), ...(await claimsFor(parts, some))];
      const writes = await Promise.all(some.map((match) => tagged(store.snapshot(), match)));
      await store.commit(upgradeCommit(writes, records, []));
      total.tagged += writes.length;
      total.claimed += type === 'PractitionerRole' ? records.length : 0;
      total.verified += type === 'Practitioner' ? records.length : 0;
    }
  }
  await store.commit(upgradeCommit([], [{ ...MARKER, expect: 'any', body: { at: nowOf(parts) } }], []));
  return total;
}

const read = (text: string): Resource => parseStored(text);

async function tagged(snapshot: Snapshot, match: Match) {
  const standing = await standingFor(snapshot, match);
  return buildWrite(planStored(match, (tree) => withStanding(tree, standing)));
}

/** Everything of such a folder is in the directory; what belongs to an organization stands as that does. */
async function standingFor(snapshot: Snapshot, { ref, text }: Match): Promise<Standing> {
  const organization = declarationOf(ref).belongsTo?.(read(text), ref);
  const version = organization && (await snapshot.read(organization, EVERYTHING));
  return version?.text === undefined ? 'listed' : standingOf(read(version.text));
}

/** The numbers that an administrator gave to persons, each with its holder; undefined for one that several were given. */
async function numbersOfPersons(parts: UpgradeParts): Promise<ReadonlyMap<string, Ref | undefined>> {
  const snapshot = parts.store.snapshot();
  const numbers = new Map<string, Ref | undefined>();
  for (const { ref, text } of await findAll(snapshot, 'Practitioner')) {
    const said = numbersIn(parts, text);
    for (const key of await saidByAdministrator(snapshot, ref, said))
      numbers.set(key, numbers.has(key) ? undefined : ref);
  }
  return numbers;
}

const numbersIn = (parts: UpgradeParts, text: string): readonly Identity[] =>
  identitiesIn(read(text)['identifier'], (one) => isIdentifying(parts, one) && isSound(one));

async function rowsFor(
  parts: UpgradeParts,
  some: readonly Match[],
  numbers: ReadonlyMap<string, Ref | undefined>,
): Promise<readonly RecordWrite[]> {
  const records: RecordWrite[] = [];
  for (const { ref, text } of some.filter((match) => typeOf(match.ref) === 'Practitioner')) {
    for (const identity of numbersIn(parts, text)) {
      if (numbers.get(keyOf(identity)) !== ref) continue;
      const known = await findRow(parts.store.snapshot(), 'practitioner-register', identity);
      if (known !== undefined) continue;
      const row = { ...identity, holder: ref, state: 'verified', how: BY, by: BY, at: nowOf(parts) } as const;
      records.push(writeRow('practitioner-register', row, 'absent'));
    }
  }
  return records;
}

async function claimsFor(parts: UpgradeParts, some: readonly Match[]): Promise<readonly RecordWrite[]> {
  const snapshot = parts.store.snapshot();
  const records: RecordWrite[] = [];
  for (const { ref, text, custodian } of some.filter(({ ref: one }) => typeOf(one) === 'PractitionerRole')) {
    const practitioner = localRef(read(text)['practitioner']);
    const person = practitioner && (await snapshot.read(practitioner, EVERYTHING));
    if (practitioner === undefined || person?.custodian === custodian) continue;
    if (await wroteAsAdministrator(snapshot, ref)) continue;
    records.push(writeRoleClaim(ref, { practitioner, organization: custodian, at: nowOf(parts) }));
  }
  return records;
}
