/**
 * Verifies the log in the database itself: every hash and every digest is computed again from what the documents hold, so
 * that an edited, deleted or inserted document is named (rules 4.1).
 */
import type { Finding } from '../../ports/store.ts';
import {
  chainHash,
  digestAudit,
  digestDeliveryOutcome,
  digestKey,
  digestOutbox,
  digestRecord,
  digestVersion,
  GENESIS,
  type Members,
} from '../log/chain.ts';
import type { CommitLog } from './commit-log.ts';
import { entryOf, type EntryDocument, type LogDocument } from './documents.ts';

const DOCUMENTS = 64;
const FAULTS_KEPT = 100;

/**
 * @param through the commit that the log holds at least
 * @returns one line a fault, or one that says that there is none
 */
export async function verifyLog(log: CommitLog, through: number): Promise<readonly Finding[]> {
  const faults: Finding[] = [];
  const note = (seq: number, says: string): void => {
    if (faults.length < FAULTS_KEPT)
      faults.push({ ok: false, says: `log in the database, commit ${seq}: ${says}` });
  };
  let before = { seq: 0, at: 0, hash: GENESIS };
  for (;;) {
    const documents = await log.after(before.seq, DOCUMENTS);
    for (const document of documents) before = examine(document, before, note);
    if (documents.length < DOCUMENTS) break;
  }
  if (before.seq < through) note(before.seq + 1, `the log ends here, but commit ${through} was acknowledged`);
  return faults.length > 0
    ? faults
    : [{ ok: true, says: `log in the database unbroken: ${before.seq} commits` }];
}

interface Place {
  readonly seq: number;
  readonly at: number;
  readonly hash: string;
}

type Note = (seq: number, says: string) => void;

function examine(document: LogDocument, before: Place, note: Note): Place {
  const { _id, last, prev, hash } = document;
  if (_id !== before.seq + 1) note(before.seq + 1, `commits up to ${_id - 1} are missing`);
  if (prev !== before.hash) note(_id, 'it does not continue the document before it');
  let place = { ...before, hash: prev };
  for (const entry of document.e) place = examineEntry(entry, place, note);
  if (place.seq !== last || place.hash !== hash) note(_id, 'its commits do not end as it says');
  return { seq: last, at: place.at, hash };
}

function examineEntry(entry: EntryDocument, before: Place, note: Note): Place {
  const { q, at, m, a } = entry;
  if (q !== before.seq + 1) note(q, `it follows commit ${before.seq}`);
  if (at < before.at) note(q, 'its time lies before that of the commit before it');
  const members = parseMembers(m);
  if (members === undefined) note(q, 'its members cannot be read');
  else if (members.audit !== digestAudit(a)) note(q, 'its audit rows were changed');
  else for (const says of changedIn(entry, members)) note(q, says);
  return { seq: q, at, hash: chainHash(before.hash, q, at, m) };
}

function parseMembers(text: string): Members | undefined {
  try {
    return JSON.parse(text) as Members; // written by us, or tampered with: then the digests say so
  } catch {
    return undefined;
  }
}

/** What of a commit differs from its digests. What vanished lawfully has its digest alone. */
function changedIn(entry: EntryDocument, members: Members): readonly string[] {
  const { commit } = entryOf(entry);
  if (commit === undefined) return Object.keys(members).length > 1 ? ['what it wrote is missing'] : [];
  const { writes, outbox, outcomes, key, records } = commit;
  const said = [
    ...(members.versions ?? []),
    ...(members.outbox ?? []),
    ...(members.settles ?? []),
    ...(members.key === undefined ? [] : [['the key', members.key] as const]),
    ...(members.c ?? []).map(([kind, name, , digest]) => [`${kind} ${name}`, digest] as const),
  ];
  const found = [
    ...writes.map(
      ({ ref, method, custodian, text }) =>
        [ref, digestVersion(ref, text === null ? 'DELETE' : method, custodian, text)] as const,
    ),
    ...outbox.map(({ id, text }) => [id, digestOutbox(id, text)] as const),
    ...outcomes.map((one) => [one.id, digestDeliveryOutcome(one)] as const),
    ...(key === undefined
      ? []
      : [['the key', digestKey(key.scope, key.id, key.fingerprint, key.reply)] as const]),
    ...records.map(
      ({ kind, key: name, text, indexed, vanished = '' }) =>
        [`${kind} ${name}`, text === undefined ? vanished : digestRecord(kind, name, text, indexed)] as const,
    ),
  ];
  if (said.length !== found.length) return ['it holds more or less than it wrote'];
  return said.flatMap(([name, digest], i) =>
    found[i]?.[0] === name && found[i][1] === digest ? [] : [`${name} was changed`],
  );
}
