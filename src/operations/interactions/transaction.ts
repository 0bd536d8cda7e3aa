/**
 * transaction (http://hl7.org/fhir/R4/http.html#transaction): all entries in one commit, or none. Deletes come first, then
 * creates, updates and patches, then reads; references between entries are resolved before anything is checked.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import type { Beside } from '../extended/operation.ts';
import { PROCESSING_ORDER, readBundleEntries, type Entry } from '../bundle/bundle-entry.ts';
import { refuseQuarantined } from '../attachments/quarantine.ts';
import { admitReader } from '../attachments/scan-told.ts';
import { isFileShown } from '../binary-shown.ts';
import { checkScopeBefore, isWithinRight } from '../write/scoped.ts';
import { checkCompartment } from '../write/custody.ts';
import { markPlace, type Draft } from '../write/draft.ts';
import type { Interaction, Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { checkRole } from '../role.ts';
import { checkScope, sightFor } from '../scope.ts';
import type { EntryResult, StoredReply } from '../stored-reply.ts';
import { checkHistory } from './history.ts';
import { seenOf } from './read.ts';
import { checkSystemSearch } from './search-system.ts';
import { checkSearch } from './search.ts';
import { performDraft, PLANS, resultOf, type PlannedDraft } from '../write/write.ts';

interface WithinOperation {
  /** An operation's own: the roles of its caller permitted the operation. */
  readonly isOperation: true;
  /** Plans what the operation writes in the same commit; it is answered after the entries. */
  readonly beside?: Beside | undefined;
}

export async function performTransaction(
  context: OperationContext,
  request: Request,
  within?: WithinOperation,
): Promise<Reply> {
  const { publicBase, bundleEntriesMax } = context.settings;
  const entries = readBundleEntries(request, publicBase, bundleEntriesMax).map((read) => read());
  for (const entry of entries) await placed(entry, () => admitEntry(entry.request));
  return performDraft(context, request, async (draft) => {
    const added = await within?.beside?.(draft);
    const { fullUrls, content } = await planEntries(draft, entries);
    return { fullUrls, content: async () => withAdded(await content(), added) };
  });

  function admitEntry(asked: Request): void {
    checkScope(asked);
    if (within === undefined) checkRole(asked, context.clock.now());
  }
}

const withAdded = (answered: StoredReply['answered'], added: readonly Ref[] = []): StoredReply['answered'] =>
  answered.kind !== 'bundle' || added.length === 0
    ? answered
    : {
        ...answered,
        answers: [
          ...answered.answers,
          ...added.map((ref) => ({ kind: 'planned', ref, status: 201 }) as const),
        ],
      };

/** Deletes first, then creates, updates and patches; the reads come when the steps have run. */
async function planEntries(draft: Draft, entries: readonly Entry[]): Promise<PlannedDraft> {
  const results = new Map<Entry, EntryResult>();
  const fullUrls = new Map<string, Ref>();
  const inOrder = entries.toSorted(
    (a, b) => PROCESSING_ORDER.indexOf(a.method) - PROCESSING_ORDER.indexOf(b.method),
  );
  checkConditions(entries);
  const written = new Map<Ref, number>();
  for (const entry of inOrder.filter(({ request: { interaction } }) => interaction in PLANS)) {
    const result = await planEntry(draft, entry, written);
    results.set(entry, result);
    if (entry.fullUrl !== undefined && 'ref' in result) fullUrls.set(entry.fullUrl, result.ref);
  }
  return {
    fullUrls,
    async content() {
      const left = { characters: draft.context.settings.answerBytesMax };
      for (const entry of inOrder.filter((one) => !results.has(one)))
        results.set(entry, await readEntry(draft, entry, left));
      return { kind: 'bundle', answers: entries.map((entry) => resultOfEntry(draft, results.get(entry))) };
    },
  };
}

/** The same condition would select the same resource twice. */
function checkConditions(entries: readonly Entry[]): void {
  const known = new Map<string, Entry>();
  for (const entry of entries) {
    const { interaction, id, type = '', query } = entry.request;
    if (id !== undefined || !CONDITIONAL.has(interaction)) continue;
    const pairs = query.map((pair) => JSON.stringify(pair)).toSorted();
    const condition = `${type}?${pairs.join('&')}`;
    const first = known.get(condition);
    if (first !== undefined) {
      throw new OperationOutcomeError('bundle-invalid', {
        diagnostics: 'two entries write by the same condition',
        expression: [`Bundle.entry[${first.index}]`, `Bundle.entry[${entry.index}]`],
      });
    }
    known.set(condition, entry);
  }
}

const CONDITIONAL: ReadonlySet<Interaction> = new Set(['update', 'patch', 'delete']);

function resultOfEntry(draft: Draft, result: EntryResult | undefined): EntryResult {
  if (result === undefined) throw new Error('every entry has a result');
  return result.kind === 'planned' ? resultOf(draft, result) : result;
}

/** Two entries on one resource are refused; a conditional create that finds what an earlier entry creates is not. */
async function planEntry(draft: Draft, entry: Entry, written: Map<Ref, number>): Promise<EntryResult> {
  const { interaction, type = '', queryText, ...rest } = entry.request;
  const sighted = { ...draft, sight: sightFor(entry.request) };
  const planOne = PLANS[interaction as keyof typeof PLANS]; // filtered by the caller
  const result = await placed(entry, () => planOne(sighted, { ...rest, type, condition: queryText }));
  if (result.kind === 'planned' && written.has(result.ref) && interaction !== 'create') {
    throw new OperationOutcomeError('bundle-invalid', {
      diagnostics: `two entries write ${result.ref}`,
      expression: [`Bundle.entry[${written.get(result.ref)}]`, `Bundle.entry[${entry.index}]`],
    });
  }
  if (result.kind === 'planned') {
    const planned = draft.planned.get(result.ref);
    await placed(entry, () => checkCompartment(sighted.sight, planned));
    await placed(entry, () => checkScopeBefore(sighted, planned));
    if (!written.has(result.ref)) written.set(result.ref, entry.index);
    markPlace(draft, result.ref, `Bundle.entry[${entry.index}].resource`);
  }
  return result;
}

/** What is asked when the bundle is committed, and how it is refused before. */
const CHECKS: Readonly<
  Partial<Record<Interaction, (context: OperationContext, request: Request) => void | Promise<void>>>
> = {
  'search-type': checkSearch,
  'search-system': checkSystemSearch,
  'history-instance': checkHistory,
  'history-type': checkHistory,
  'history-system': checkHistory,
};

/** A read by id sees the bundle's own writes; a search is run when they are committed (rules 3.9). */
async function readEntry(draft: Draft, entry: Entry, left: { characters: number }): Promise<EntryResult> {
  const { interaction, type = '', id = '', versionId } = entry.request;
  const place = `Bundle.entry[${entry.index}]`;
  if (RESOURCE_TYPES.get(type)?.renderedFromAudit === true) {
    throw new OperationOutcomeError('interaction-unsupported', {
      diagnostics: `a transaction does not read ${type}: send the read by itself or in a batch`,
      expression: [place],
    });
  }
  const head = entry.method === 'HEAD' ? ({ head: true } as const) : {};
  const check = CHECKS[interaction];
  if (check !== undefined) {
    await placed(entry, () => check(draft.context, entry.request));
    return { kind: 'search', url: entry.url, ...head };
  }
  if (interaction === 'operation') {
    throw new OperationOutcomeError('interaction-unsupported', {
      diagnostics: 'a transaction holds no operations: send them by themselves or in a batch',
      expression: [place],
    });
  }
  const ref: Ref = `${type}/${id}`;
  const planned = interaction === 'read' ? draft.planned.get(ref) : undefined;
  const coming = planned?.after?.plain;
  if (planned !== undefined && coming !== undefined && isWithinRight(draft.caller, 'r', planned, coming))
    return { kind: 'read', ref, seq: 0, ...head };
  const sight = sightFor(entry.request);
  const version =
    interaction === 'vread'
      ? await draft.snapshot.vread(ref, Number(versionId), sight)
      : await draft.snapshot.read(ref, sight);
  const { publicBase } = draft.context.settings;
  const isShown =
    version !== undefined && (await isFileShown(draft.snapshot, draft.caller, version, publicBase));
  if (version?.text === undefined || planned !== undefined || !isShown) {
    throw new OperationOutcomeError('not-found', {
      diagnostics: `${ref} is not here`,
      expression: [place],
    });
  }
  left.characters -= version.text.length;
  if (left.characters < 0) throw new OperationOutcomeError('answer-too-large', { expression: [place] });
  if (type === 'Binary')
    await placed(entry, async () => {
      await refuseQuarantined(draft.snapshot, version);
      await admitReader(draft.context, draft.caller, version);
    });
  draft.seen.push(seenOf(draft.context, version, version.text));
  return { kind: 'read', ref, seq: version.seq, ...head };
}

/** A refusal that says which entry it is about. */
async function placed<T>({ index }: Entry, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    const place = `Bundle.entry[${index}]`;
    const [first, ...rest] = error.issues.map((issue) => ({
      ...issue,
      expression: issue.expression?.length ? [place, ...issue.expression] : [place],
    }));
    throw first === undefined ? error : OperationOutcomeError.of([first, ...rest]);
  }
}
