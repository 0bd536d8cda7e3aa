/**
 * The register of identifiers (directory DR10): records that say whose an identifier is. Only verified rows tell who
 * somebody is; an identifier that an organization writes into its own Organization is a claim.
 */
import { URI_SYSTEM } from '../../fhir/identifier.ts';
import type { Ref } from '../../fhir/types.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../../ports/record.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { Identity } from './identity-systems.ts';

/** Organizations have one register, persons another (DR19). */
export type RegisterKind = 'register' | 'practitioner-register';

export const kindFor = (type: string): RegisterKind =>
  type === 'Practitioner' ? 'practitioner-register' : 'register';

/** `asserted`: a claim, with no effect. `expired`, `revoked`: the identifier no longer addresses anybody. */
export type RegisterState = 'asserted' | 'verified' | 'expired' | 'revoked';

export interface RegisterRow extends Identity {
  /** The Organization or Practitioner to which the identifier belongs, or for which it is asserted. */
  readonly holder: Ref;
  readonly state: RegisterState;
  /** How it was verified: `administrator`, `link` (the operator's settings name it), `migration`. */
  readonly how: string;
  /** The person who verified or asserted it. */
  readonly by: string;
  /** Instant. */
  readonly at: string;
  /** NPPES's Entity Type Code, where an administrator said it: 1 a person, 2 an organization (DR16). */
  readonly entityType?: EntityType;
  /** The number that replaced it (DR17). */
  readonly replacedBy?: Identity;
}

export type EntityType = 1 | 2;

/** A row that tells who somebody is. `replaced`: the number in the question, when another replaced it. */
export interface DecidingRow extends RegisterRow {
  readonly replaced?: Identity;
}

/** A record that makes a replaced number lead to its successor. It expires, so that no code has to ask the clock. */
const REPLACED_KIND = 'replaced-number';

/** The life of that record (DR17). */
const REPLACED_FOR_MS = 365 * 86_400_000;

/** The number of replacements that are followed, one after the other. */
const REPLACED_MAX = 5;

/** A row with the record's version, for code that changes it. */
export interface KnownRow extends RegisterRow {
  readonly key: string;
  readonly version: number;
}

export type RecordSource = Pick<Snapshot, 'record' | 'records'>;

/** The key of a record. One row decides whose an identifier is; each claim has a row of its own. */
export const keyOf = ({ system, value }: Identity): string => `${system}\n${value}`;
const keyOfRow = (row: RegisterRow): string =>
  row.state === 'asserted' ? `${keyOf(row)}\n${row.holder}` : keyOf(row);

const registerRow = (record: StoredRecord): KnownRow => ({
  ...(record.body as RegisterRow), // the register writes nothing else
  key: record.key,
  version: record.version,
});

/** The row that decides, whatever its state; undefined when nobody was ever verified. */
export async function findRow(
  source: RecordSource,
  kind: RegisterKind,
  identity: Identity,
): Promise<KnownRow | undefined> {
  const record = await source.record(kind, keyOf(identity));
  return record && registerRow(record);
}

/** The reads of records: from a snapshot, or from a draft over it. */
export interface RowSource {
  readonly row: (kind: RegisterKind, identity: Identity) => Promise<RegisterRow | undefined>;
  readonly exists: (kind: string, key: string) => Promise<boolean>;
}

/** The row that answers for an identifier: its own, or for a year the row of the number that replaced it (DR17). */
export async function decidingRow(
  source: RowSource,
  kind: RegisterKind,
  identity: Identity,
): Promise<DecidingRow | undefined> {
  const own = await source.row(kind, identity);
  let row = own;
  for (let step = 0; row?.state === 'expired' && row.replacedBy !== undefined; step += 1) {
    if (step === REPLACED_MAX || !(await source.exists(REPLACED_KIND, replacedKey(kind, row)))) return own;
    row = await source.row(kind, row.replacedBy);
  }
  return row === own || row?.state !== 'verified' ? own : { ...row, replaced: identity };
}

/** The key of that record. Another year begins when a number is verified anew and replaced again. */
const replacedKey = (kind: RegisterKind, row: RegisterRow): string => `${kind}\n${keyOf(row)}\n${row.at}`;

/** The write of the record that makes a replaced row lead on for a year. */
export const writeReplaced = (kind: RegisterKind, row: RegisterRow): RecordWrite => ({
  kind: REPLACED_KIND,
  key: replacedKey(kind, row),
  expect: 'any',
  body: { by: row.replacedBy },
  expiresAt: Date.parse(row.at) + REPLACED_FOR_MS,
});

/** All rows of an organization or a person. */
export async function registerRowsOf(source: RecordSource, holder: Ref): Promise<readonly KnownRow[]> {
  const records = await source.records(kindFor(holder.slice(0, holder.indexOf('/'))), 'holder', holder);
  return records.map(registerRow);
}

const OID = 'urn:oid:';

/** The verified OID of an organization, bare: the system of its numbers, and MSH-4 of its messages. */
export async function verifiedOid(source: RecordSource, organization: Ref): Promise<string | undefined> {
  const rows = await registerRowsOf(source, organization);
  const row = rows.find(
    ({ state, system, value }) => state === 'verified' && system === URI_SYSTEM && value.startsWith(OID),
  );
  return row?.value.slice(OID.length);
}

/** All rows of a state. */
export async function rowsIn(
  source: RecordSource,
  kind: RegisterKind,
  state: RegisterState,
): Promise<readonly KnownRow[]> {
  return (await allRecords(source, kind, 'state', state)).map(registerRow);
}

/** The write of a row. `expect`: `absent`, or the version of the row that it replaces. */
export const writeRow = (
  kind: RegisterKind,
  row: RegisterRow,
  expect: RecordWrite['expect'],
): RecordWrite => ({
  kind,
  key: keyOfRow(row),
  expect,
  body: row,
  index: [
    ['holder', row.holder],
    ['state', row.state],
  ],
});

/** The write that removes a row. */
export const dropRow = (kind: RegisterKind, { key, version }: KnownRow): RecordWrite => ({
  kind,
  key,
  expect: version,
  body: undefined,
});
