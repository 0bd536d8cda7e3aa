/**
 * Files that stay as they are (baa-messaging MS5, BA3): what a message carries that was sent, and the document of an agreement
 * that was offered. They are what the other side was shown, scanned and signed by their hash.
 */
import { isAgreement } from '../../agreements/contract.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { messageShape } from '../../messaging/shape.ts';
import { EVERYTHING, type Clause, type Query } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { typeOf } from '../../resources/element.ts';
import { FILE_PARAM } from '../../resources/message-values.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';

interface Holder {
  /** The type that carries files. */
  readonly type: 'Communication' | 'Contract';
  /** The statuses in which they stay. */
  readonly statuses: readonly string[];
  readonly holds: (resource: Resource) => boolean;
  readonly code: 'message-frozen' | 'agreement-frozen';
  readonly says: string;
}

/** A draft, and what was blocked, are still their author's; so is an agreement that is prepared, or that was rejected. */
const HOLDERS: readonly Holder[] = [
  {
    type: 'Communication',
    statuses: ['in-progress', 'on-hold', 'completed', 'stopped', 'entered-in-error'],
    holds: (resource) => messageShape(resource) === 'message',
    code: 'message-frozen',
    says: 'goes with a message that was sent',
  },
  {
    type: 'Contract',
    statuses: (
      'offered negotiable executable executed disputed amended appended resolved renewed terminated revoked ' +
      'cancelled entered-in-error'
    ).split(' '),
    holds: isAgreement,
    code: 'agreement-frozen',
    says: 'is the document of an agreement that was offered',
  },
];

/** Holders that are looked at; of more, one is taken to hold it. */
const HOLDERS_MAX = 50;

/** @throws OperationOutcomeError `message-frozen`, `agreement-frozen` */
export async function keepFiles(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    const { ref, before, origin } = planned;
    if (typeOf(ref) !== 'Binary' || origin === 'server' || before === undefined) continue;
    for (const holder of HOLDERS) await keepFile(draft, planned, holder);
  }
}

/** The commit fails where somebody sends the file meanwhile. */
async function keepFile(draft: Draft, planned: Planned, holder: Holder): Promise<void> {
  const query = queryFor(planned.ref, draft.context.settings.publicBase, holder);
  const { matches } = await draft.snapshot.search(query).catch(searchRefusal);
  const isHeld =
    matches.length === HOLDERS_MAX || matches.some(({ text }) => holder.holds(parseStored(text)));
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  if (!isHeld) return;
  throw new OperationOutcomeError(holder.code, {
    diagnostics: `${planned.ref} ${holder.says}: it stays as it is`,
    expression: placesIn(planned, ['Binary']),
  });
}

function queryFor(file: Ref, base: string, { type, statuses }: Holder): Query {
  const carries: Clause = { kind: 'reference', param: FILE_PARAM, to: [file, `${base}/${file}`] };
  const of = statuses.map((code): Clause => ({ kind: 'token', param: 'status', code }));
  return {
    type,
    where: { kind: 'all', of: [carries, { kind: 'any', of }] },
    sort: [],
    sight: EVERYTHING,
    count: HOLDERS_MAX,
    offset: 0,
    total: false,
  };
}
