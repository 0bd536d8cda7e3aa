/**
 * Papers about vendors that have lapsed (baa-messaging VR5): whoever keeps one is asked once for the next. A paper that another
 * of its kind replaces is not asked about.
 */
import { ASSURANCE, lapsedAt, PAPERS, paperOf, type VendorPaper } from '../../agreements/papers.ts';
import type { Ref } from '../../fhir/types.ts';
import { jobEntry } from '../../ports/audit.ts';
import { auditedCommit } from '../../ports/commit.ts';
import { CommitRefused } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import type { SelectRecipients } from '../../delivery/recipients.ts';
import type { OperationContext } from '../context.ts';
import { planWorkItem } from '../work-item.ts';
import { buildWrite } from '../write/commit.ts';
import { findThen } from './contracts.ts';

const KIND = 'vendor-paper';
/** For so long it is known that it was asked: longer than a paper that has lapsed is of use to anybody. */
const KNOWN_MS = 2 * 366 * 86_400_000;
/** In how many days the next paper is expected. */
const DUE_MS = 30 * 86_400_000;

interface LapsedParts extends Pick<OperationContext, 'store' | 'clock' | 'newId'> {
  readonly selectRecipients: SelectRecipients;
  readonly committed: (refs: readonly Ref[]) => void;
}

/** Opens a work item for each paper that has lapsed, where none was opened for it. */
export async function askForPapers(parts: LapsedParts, signal: AbortSignal): Promise<void> {
  const snapshot = parts.store.snapshot();
  const where = { kind: 'token', param: 'category', ...ASSURANCE } as const;
  const times = { now: snapshot, past: snapshot };
  // Those of all organizations: a bound would let none of them be asked any more.
  const found = await findThen(times, 'DocumentReference', where, Infinity);
  const kept = new Map<Ref, VendorPaper[]>();
  for (const { ref, text, custodian } of found) {
    const paper = paperOf(ref, parseStored(text));
    if (paper !== undefined && custodian !== '') kept.set(custodian, [...(kept.get(custodian) ?? []), paper]);
  }
  for (const [owner, papers] of kept)
    for (const paper of lapsedAt(papers, parts.clock.now())) {
      if (signal.aborted) return;
      const key = `${paper.ref} ${paper.until ?? ''}`;
      if ((await snapshot.record(KIND, key)) === undefined) await ask(parts, { owner, paper, key });
    }
}

interface Lapsed {
  readonly owner: Ref;
  readonly paper: VendorPaper;
  readonly key: string;
}

/** The item and the record that it was asked for are one commit, unless another node has asked at the same moment. */
async function ask(
  { store, clock, newId, selectRecipients, committed }: LapsedParts,
  { owner, paper, key }: Lapsed,
): Promise<void> {
  const now = clock.now();
  const ended = new Date((paper.until ?? now) - 1).toISOString().slice(0, 10);
  const planned = planWorkItem(newId(), {
    kind: KIND,
    says: `${PAPERS[paper.kind]} of ${paper.about.join(', ') || 'a vendor'} was good until ${ended}: file the next one, or say why it is not needed.`,
    focus: paper.ref,
    authoredOn: new Date(now).toISOString(),
    owner,
    input: paper.about.map((reference) => ({ type: { text: 'Vendor' }, valueReference: { reference } })),
    due: new Date(now + DUE_MS).toISOString(),
  });
  const record = {
    kind: KIND,
    key,
    expect: 'absent',
    body: { task: planned.ref },
    expiresAt: now + KNOWN_MS,
  } as const;
  const row = jobEntry('vendor-papers', {
    entities: [`${planned.ref}/_history/0`],
    origin: 'server',
    viewers: [owner],
  });
  const outbox = await selectRecipients([planned], [], now);
  try {
    await store.commit(auditedCommit([row], { writes: [buildWrite(planned)], records: [record], outbox }));
    committed([planned.ref]);
  } catch (error) {
    if (!(error instanceof CommitRefused && error.reason === 'unexpected')) throw error;
  }
}
