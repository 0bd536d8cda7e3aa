/**
 * Whether a file may be read by narrowed scopes (smart SM-37): a Binary says nothing of what it is, so it is read as the
 * document that it belongs to. By R4 that is its `securityContext`; otherwise the DocumentReferences that point to it.
 */
import type { Ref, Resource } from '../fhir/types.ts';
import type { Clause, Query, Sight } from '../ports/query.ts';
import type { Snapshot, Version } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { isOpenTo } from '../delivery/agreement-sight.ts';
import { MESSAGE_AUDIENCE, NAMED } from '../messaging/audience.ts';
import { isWithheld, toldUnder } from '../messaging/masked.ts';
import { ownRefOf, typeOf } from '../resources/element.ts';
import { FILE_HOLDERS, FILE_PARAM } from '../resources/message-values.ts';
import { narrowingFor } from './narrowing.ts';
import { associateIn, sightOf, type Caller } from './request.ts';
import { sightToRefer } from './scope.ts';

const DOCUMENT = 'DocumentReference';

/**
 * Whether its reader may have a file that is within sight. What no document points to is seen by the scope for Binary alone.
 *
 * @param base the server's own base, below which a document may name the file
 */
export async function isFileShown(
  snapshot: Snapshot,
  caller: Caller,
  version: Pick<Version, 'ref' | 'text'> & Partial<Pick<Version, 'custodian'>>,
  base: string,
): Promise<boolean> {
  const { ref, text } = version;
  if (typeOf(ref) !== 'Binary' || caller.administrator) return true;
  if (!(await isOpenFile(snapshot, caller, version, base))) return false;
  if (caller.roles !== undefined && !(await isForReader(snapshot, caller, ref, base))) return false;
  const context = text === undefined ? undefined : contextOf(parseStored(text), base);
  if (context !== undefined && narrowingFor(caller, typeOf(context), 'r') !== undefined) {
    const sight = sightToRefer(caller, typeOf(context), sightOf(caller));
    if (sight === undefined || (await snapshot.read(context, sight))?.text === undefined) return false;
  }
  if (context !== undefined || narrowingFor(caller, DOCUMENT, 'r') === undefined) return true;
  const whole = sightOf(caller, false, {});
  const shown = sightToRefer(caller, DOCUMENT, whole);
  if (shown !== undefined && (await pointsTo(snapshot, ref, shown, base))) return true;
  return !(await pointsTo(snapshot, ref, whole, base));
}

/**
 * Whether a person may have a file for the messages that carry it (baa-messaging MS4): what goes with a message for named
 * people is theirs, unless another message or a document that the reader sees has it as well.
 */
async function isForReader(snapshot: Snapshot, caller: Caller, file: Ref, base: string): Promise<boolean> {
  const carries: Clause = { kind: 'reference', param: FILE_PARAM, to: [file, `${base}/${file}`] };
  const isNamed: Clause = { kind: 'token', param: '_tag', code: NAMED, system: MESSAGE_AUDIENCE };
  const found = async (where: Clause, sight: Sight): Promise<boolean> =>
    (await snapshot.search(queryOf('Communication', where, sight, 1))).matches.length > 0;
  const whole = sightOf(caller, false, {});
  if (!(await found({ kind: 'all', of: [carries, isNamed] }, whole))) return true;
  return (await found(carries, sightOf(caller))) || pointsTo(snapshot, file, sightOf(caller), base);
}

/** Messages and Contracts that hold one file, of those that are looked at. */
const HOLDERS_MAX = 50;

/**
 * Whether an organization that works for others may have a file, by its agreements (baa-messaging MK2, MK3): what is attached to
 * messages alone is read as they are, and what a Contract or a message carries that it reads whole may be read whoever keeps it.
 */
async function isOpenFile(
  snapshot: Snapshot,
  caller: Caller,
  { ref, custodian = '' }: Parameters<typeof isFileShown>[2],
  base: string,
): Promise<boolean> {
  const associate = associateIn(caller);
  if (associate === undefined) return true;
  const holders = await holdersOf(snapshot, caller, ref, base);
  const withheld = holders.filter(({ resource, custodian: keeper }) =>
    isWithheld(resource, keeper, associate),
  );
  if (withheld.length < holders.length) return true;
  return holders.length === 0 && isOpenTo(associate, 'Binary', custodian);
}

/** Whose agreement would show a file that the caller keeps itself: with whom it had told a message that carries it. */
export async function principalOfFile(
  snapshot: Snapshot,
  caller: Caller,
  file: Ref,
  base: string,
): Promise<Ref | undefined> {
  const holders = await holdersOf(snapshot, caller, file, base);
  const told = holders.flatMap(({ resource }) => toldUnder(resource));
  return told.find(
    ({ principal, associate }) =>
      associate === caller.organization && caller.agreements?.open.has(principal) === false,
  )?.principal;
}

interface Holder {
  readonly resource: Resource;
  readonly custodian: Ref | '';
}

/** The messages and Contracts that hold a file, as far as the caller sees them. */
async function holdersOf(
  snapshot: Snapshot,
  caller: Caller,
  file: Ref,
  base: string,
): Promise<readonly Holder[]> {
  const where: Clause = { kind: 'reference', param: FILE_PARAM, to: [file, `${base}/${file}`] };
  const pages = await Promise.all(
    FILE_HOLDERS.map((type) => snapshot.search(queryOf(type, where, sightOf(caller), HOLDERS_MAX))),
  );
  return pages.flatMap(({ matches }) =>
    matches.map(({ text, custodian }) => ({ resource: parseStored(text), custodian })),
  );
}

function contextOf(binary: Resource, base: string): Ref | undefined {
  const { reference } = (binary['securityContext'] ?? {}) as { readonly reference?: string }; // a validated Reference
  return reference === undefined ? undefined : ownRefOf(base, reference);
}

async function pointsTo(snapshot: Snapshot, ref: Ref, sight: Sight, base: string): Promise<boolean> {
  const of = [ref, `${base}/${ref}`].map(
    (value) => ({ kind: 'uri', param: 'location', match: 'exact', value }) as const,
  );
  return (await snapshot.search(queryOf(DOCUMENT, { kind: 'any', of }, sight, 1))).matches.length > 0;
}

const queryOf = (type: string, where: Clause, sight: Sight, count: number): Query => ({
  type,
  where,
  sort: [],
  sight,
  count,
  offset: 0,
  total: false,
});
