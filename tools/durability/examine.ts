/**
 * The folder of a server that has stopped, held against the ledger (rules 3.8): what was acknowledged is there by id,
 * version and text; what was not is there wholly or not at all; nothing happened twice; nothing is missing in between.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeReport, verifyChain } from '../../src/stores/embedded/verify/audit-chain.ts';
import type { Answer } from './client.ts';
import { countMarks, isAnswered, isKeyed, type Ledger, type Offer } from './ledger.ts';
import type { Delivery } from './receiver.ts';

export interface Examined {
  /** One line for each thing that is not as promised. */
  readonly faults: readonly string[];
  readonly commits: number;
  readonly versions: number;
  readonly entries: number;
  /** Writes that got no answer and had happened all the same. */
  readonly unansweredDone: number;
  /** Writes that got no answer and had not happened. */
  readonly unansweredNot: number;
}

interface Version {
  readonly ref: string;
  readonly seq: number;
  readonly method: string;
  readonly text: string | null;
}

interface Entry {
  readonly id: string;
  readonly seq: number;
  readonly lane: string;
  readonly subject: string;
  readonly state: number;
}

interface Row {
  readonly seq: number;
  readonly audit: string;
}

const ACCEPTED = 2;

export async function examineFolder(
  folder: string,
  ledger: Ledger,
  deliveries: readonly Delivery[],
): Promise<Examined> {
  const db = new DatabaseSync(join(folder, 'store.db'), { readOnly: true });
  try {
    // The casts name the columns of each SELECT.
    const versions = db
      .prepare(
        'SELECT r.ref, v.seq, v.method, v.text FROM version v JOIN resource r ON r.rid = v.rid ORDER BY v.rid, v.seq',
      )
      .all() as unknown as Version[];
    const entries = db
      .prepare('SELECT id, seq, lane, subject, state FROM outbox ORDER BY oid')
      .all() as unknown as Entry[];
    const log = db.prepare('SELECT seq, audit FROM log ORDER BY seq').all() as unknown as Row[];
    const effects = effectsOf(versions);
    const lines = describeReport(await verifyChain(folder)).filter(({ ok }) => !ok);
    const unanswered = ledger.offers.filter((offer) => !isAnswered(offer));
    const done = unanswered.filter(({ mark }) => effects.has(mark)).length;
    return {
      commits: log.length,
      versions: versions.length,
      entries: entries.length,
      unansweredDone: done,
      unansweredNot: unanswered.length - done,
      faults: [
        ...ledger.wrong,
        ...lines.map(({ says }) => `audit chain: ${says}`),
        ...ledger.offers.flatMap((offer) => judgeOffer(offer, effects.get(offer.mark) ?? [])),
        ...judgeDeletions(ledger, versions),
        ...judgeLog(log, versions, ledger),
        ...judgeOutbox(entries, versions, deliveries),
      ],
    };
  } finally {
    db.close();
  }
}

/** Versions in which a mark stands once more than in the version before. */
function effectsOf(versions: readonly Version[]): ReadonlyMap<string, readonly Version[]> {
  const effects = new Map<string, Version[]>();
  let before: { readonly ref: string; readonly marks: ReadonlyMap<string, number> } = {
    ref: '',
    marks: new Map(),
  };
  for (const version of versions) {
    const marks = countMarks(version.text ?? '');
    const had = before.ref === version.ref ? before.marks : new Map<string, number>();
    for (const [mark, count] of marks) {
      const list = effects.get(mark) ?? [];
      for (let more = had.get(mark) ?? 0; more < count; more += 1) list.push(version);
      effects.set(mark, list);
    }
    before = { ref: version.ref, marks };
  }
  return effects;
}

function judgeOffer(offer: Offer, effects: readonly Version[]): string[] {
  const { mark, members, answers, ask, heard } = offer;
  const says = (what: string): string => `${mark} ${ask.method} ${ask.path}: ${what}`;
  const seqs = new Set(effects.map(({ seq }) => seq));
  if (seqs.size > 1) return [says(`happened more than once, in commits ${[...seqs].join(', ')}`)];
  if (effects.length !== 0 && effects.length !== members)
    return [says(`${effects.length} of ${members} members are there`)];
  if (effects.length > 0 && !isAnswered(offer) && heard.every((instead) => instead === 'busy'))
    return [says('was refused as busy and is there')];
  if (effects.length === 0 && isAnswered(offer)) return [says('was acknowledged and is not there')];
  if (effects.length === 0 && isKeyed(offer)) return [says('was sent again under its key and is not there')];
  return answers.flatMap((answer) => judgeAnswer(answer, effects).map(says));
}

/** The answer's version and text against what is stored. */
function judgeAnswer(answer: Answer, effects: readonly Version[]): string[] {
  const { text, version, location } = answer;
  if (text === undefined) return [];
  const promised = partsOf(text);
  return effects.flatMap(({ ref, seq, text: stored }) => {
    const part = promised.get(`${ref}/_history/${seq}`);
    if (part === undefined) return [`the answer does not name ${ref}/_history/${seq}`];
    if (part !== stored) return [`${ref}/_history/${seq} is not what was acknowledged`];
    if (location !== undefined && location !== ref) return [`Location says ${location}, made was ${ref}`];
    return version !== 0 && version !== seq ? [`the ETag says ${version}, made was ${seq}`] : [];
  });
}

interface Resource {
  readonly resourceType: string;
  readonly id: string;
  readonly meta: { readonly versionId: string };
  readonly type?: string;
  readonly entry?: readonly { readonly resource?: Resource }[];
}

/** The resources of an answer, by version: the body itself, or the entries of a transaction's response. */
function partsOf(text: string): ReadonlyMap<string, string> {
  const nameOf = ({ resourceType, id, meta }: Resource): string =>
    `${resourceType}/${id}/_history/${meta.versionId}`;
  const body = JSON.parse(text) as Resource; // the server answers resources
  if (body.type !== 'transaction-response') return new Map([[nameOf(body), text]]);
  const resources = (body.entry ?? []).flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
  return new Map(resources.map((resource) => [nameOf(resource), JSON.stringify(resource)]));
}

function judgeDeletions({ deletions }: Ledger, versions: readonly Version[]): string[] {
  const last = new Map(versions.map((version) => [version.ref, version]));
  return deletions.flatMap(({ ref, answered }) =>
    answered && last.get(ref)?.method !== 'DELETE' ? [`${ref} was deleted and is still there`] : [],
  );
}

/** No gap in seq; an audit row for every version and every answered read. */
function judgeLog(log: readonly Row[], versions: readonly Version[], { reads }: Ledger): string[] {
  const faults: string[] = [];
  const entities = new Map<number, ReadonlySet<string>>();
  const requests = new Set<string>();
  for (const [i, { seq, audit }] of log.entries()) {
    if (seq !== i + 1) faults.push(`row ${i + 1} of the log is commit ${seq}`);
    const entries = JSON.parse(audit) as readonly { entities: readonly string[]; requestId: string }[]; // AuditEntry
    entities.set(seq, new Set(entries.flatMap((entry) => entry.entities)));
    for (const { requestId } of entries) requests.add(requestId);
  }
  for (const { ref, seq } of versions) {
    if (entities.get(seq)?.has(`${ref}/_history/${seq}`) !== true)
      faults.push(`${ref}/_history/${seq} has no audit row`);
  }
  for (const id of reads) if (!requests.has(id)) faults.push(`${id} was answered and left no audit row`);
  return faults;
}

/** Every notification is in the outbox, was accepted, and came in order; what came again was the same. */
function judgeOutbox(
  entries: readonly Entry[],
  versions: readonly Version[],
  deliveries: readonly Delivery[],
): string[] {
  const faults: string[] = [];
  const arrived = new Map<string, { readonly content: string; readonly place: number }>();
  for (const [place, { id, content, accepted }] of deliveries.entries()) {
    const before = arrived.get(id);
    if (before !== undefined && before.content !== content)
      faults.push(`delivery ${id} came again with other content`);
    if (accepted && before === undefined) arrived.set(id, { content, place });
  }
  const lanes = new Map<string, number>();
  for (const { id, lane, state } of entries) {
    const place = arrived.get(id)?.place;
    if (state !== ACCEPTED) faults.push(`outbox entry ${id} ended in state ${state}`);
    if (place === undefined) faults.push(`outbox entry ${id} was never accepted by its receiver`);
    else if (place < (lanes.get(lane) ?? -1)) faults.push(`outbox entry ${id} overtook the one before it`);
    else lanes.set(lane, place);
  }
  const known = new Set(entries.map(({ id }) => id));
  for (const id of arrived.keys()) if (!known.has(id)) faults.push(`delivery ${id} belongs to no commit`);
  const told = new Set(entries.map(({ subject, seq }) => `${subject}/${seq}`));
  for (const { ref, seq } of versions) {
    if (ref.startsWith('Task/') && !told.has(`${ref}/${seq}`))
      faults.push(`nobody was told of ${ref}/_history/${seq}`);
  }
  return faults;
}
