/**
 * The notice of 42 CFR 2.32 in answers (compliance P30): in `meta` of a resource that is read by itself, with a link to the
 * consent; once beside the resources of a Bundle, as an outcome, with the Consent included.
 */
import type { ReplyEntry } from '../fhir/bundle.ts';
import { ISSUES, ISSUE_SYSTEM } from '../fhir/issue.ts';
import type { OperationOutcome, Ref } from '../fhir/types.ts';
import { createFindNotice, placed, type FindNotice, type NoticeSubject } from '../delivery/notice.ts';
import { bearsPart2, present } from '../delivery/subject.ts';
import { isWithin } from '../policies/purpose.ts';
import type { Notice } from '../policies/part2/notice.ts';
import { STATEMENT_1 } from '../policies/part2/statements.ts';
import type { AuditEntry } from '../ports/store.ts';
import type { NoticePlace, NoticeToShow } from '../ports/rail.ts';
import { EVERYTHING } from '../ports/query.ts';
import { typeOf } from '../resources/element.ts';
import type { OperationContext } from './context.ts';
import { isUnderGrant } from './emergency/opened-about.ts';
import { sightOf, type Caller } from './request.ts';

/** Where the copy of a consent is that a disclosure was made with (`Link`). */
const CONSENT_RELATION = 'https://closeloop.dev/rel/consent';

type Noticing = Pick<OperationContext, 'store' | 'clock' | 'settings'>;

/** Administrators are told nothing, and patients what is about them. */
const finderFor = (context: Noticing, caller: Caller): FindNotice | undefined =>
  findNoticeFor(context, caller, caller.administrator ? undefined : caller.organization);

/** Finds the notices of what one organization is told when a caller asks; undefined where nobody is. */
export function findNoticeFor(
  { store, clock, settings }: Noticing,
  caller: Caller,
  to: Ref | undefined,
): FindNotice | undefined {
  const { purposes } = caller;
  if (to === undefined) return undefined;
  const [purpose = 'TREAT'] = purposes.filter((one) => !isWithin(one, 'PATRQT'));
  if (purposes.length > 0 && purposes.every((one) => isWithin(one, 'PATRQT'))) return async () => 'none';
  const find = createFindNotice(store.snapshot(), {
    to,
    purpose,
    sight: to === caller.organization ? sightOf(caller) : { everything: false, organization: to },
    at: clock.now(),
    partyKindDefault: settings.partyKindDefault,
    present,
  });
  if (caller.emergency === undefined) return find;
  // What an emergency alone opens has the statement of 2.51; about another patient than that of a grant it opens nothing.
  return async (subject) => {
    const notice = await find(subject);
    const isOpened = typeof notice === 'object' && notice.source === undefined;
    return isOpened && isUnderGrant(caller, subject.text) ? 'none' : notice;
  };
}

/** What a read answers with beside its text. */
export interface ToldAlone {
  readonly notice?: NoticeToShow | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the audit of the answer says of it (compliance V1). */
  readonly audit?: NoticeInAudit;
}

type NoticeInAudit = Pick<AuditEntry, 'notice'>;

const TOLD_NOTHING: ToldAlone = {};

/** The notice of one resource that is answered by itself; at once where there is none to look for. */
export function noticeOfOne(
  context: Noticing,
  caller: Caller,
  subject: NoticeSubject,
): ToldAlone | Promise<ToldAlone> {
  const { ref, text, custodian } = subject;
  if (text === undefined || custodian === caller.organization || !bearsPart2(typeOf(ref), text))
    return TOLD_NOTHING;
  return noticeOfBearer(context, caller, subject);
}

async function noticeOfBearer(context: Noticing, caller: Caller, subject: NoticeSubject): Promise<ToldAlone> {
  const notice = await finderFor(context, caller)?.(subject);
  const consent = typeof notice === 'object' ? notice.consent : undefined;
  const link = consent && `<${context.settings.publicBase}/${consent}>; rel="${CONSENT_RELATION}"`;
  return {
    notice: placed(notice, 'inside'),
    ...(link !== undefined && { headers: { Link: link } }),
    ...(typeof notice === 'object' && { audit: { notice: 1 } }),
  };
}

/** The notices of an answer with several resources. */
interface Notices {
  /** What is handed on with each resource that is shown. */
  readonly of: (ref: Ref, seq: number) => NoticeToShow | undefined;
  /**
   * The consents that are not among the resources already; and one outcome with the statement, once, and the explanation of
   * each consent that cannot be read.
   */
  readonly entries: readonly ReplyEntry[];
  readonly audit: NoticeInAudit;
}

const NO_NOTICES: Notices = { of: () => undefined, entries: [], audit: {} };

/**
 * Finds the notices of resources that are answered together. A history has no entries that say something about it (bdl-2 to
 * bdl-4), so that there each version has the notice inside.
 */
export async function noticesOf(
  context: Noticing,
  caller: Caller,
  subjects: readonly (NoticeSubject & { readonly seq: number })[],
  place: NoticePlace = 'beside',
): Promise<Notices> {
  const borne = subjects.filter(
    ({ ref, text, custodian }) =>
      text !== undefined && custodian !== caller.organization && bearsPart2(typeOf(ref), text),
  );
  const find = borne.length === 0 ? undefined : finderFor(context, caller);
  if (find === undefined) return NO_NOTICES;
  const found = new Map<string, NoticeToShow>();
  for (const subject of borne) {
    const notice = placed(await find(subject), place);
    if (notice !== undefined) found.set(`${subject.ref} ${subject.seq}`, notice);
  }
  const owed = [...found.values()].filter((one) => one !== 'none');
  return {
    of: (ref, seq) => found.get(`${ref} ${seq}`),
    audit: owed.length === 0 ? {} : { notice: 1 },
    entries:
      owed.length === 0
        ? []
        : [
            ...copiesOf(owed, new Set(subjects.map(({ ref }) => ref)), context.settings.publicBase),
            outcomeOf([STATEMENT_1, ...scopesOf(owed)]),
          ],
  };
}

/** The words as they are, without any of ours around them. */
const outcomeOf = (words: readonly string[]): ReplyEntry => ({
  text: JSON.stringify({
    resourceType: 'OperationOutcome',
    issue: words.map((diagnostics) => ({
      severity: 'information',
      code: ISSUES['part2-notice'].type,
      details: { coding: [{ system: ISSUE_SYSTEM, code: 'part2-notice' }] },
      diagnostics,
    })),
  } satisfies OperationOutcome),
  search: 'outcome',
});

/** A consent that cannot be read is explained; every other goes as a copy. */
const scopesOf = (notices: readonly Notice[]): readonly string[] => [
  ...new Set(notices.flatMap(({ consent, scope }) => (consent === undefined ? (scope ?? []) : []))),
];

function copiesOf(notices: readonly Notice[], shown: ReadonlySet<Ref>, base: string): readonly ReplyEntry[] {
  const copies = new Map(notices.flatMap(({ consent, copy }) => (consent && copy ? [[consent, copy]] : [])));
  return [...copies]
    .filter(([ref]) => !shown.has(ref))
    .map(([ref, copy]) => ({
      fullUrl: `${base}/${ref}`,
      text: JSON.stringify(copy),
      search: 'include',
    }));
}

/** The notice of what a write answers with: its writer is shown all of what another organization may keep. */
export async function noticeOfReply(
  context: Noticing,
  caller: Caller,
  { ref, seq, text }: { readonly ref?: Ref; readonly seq?: number; readonly text?: string | undefined },
): Promise<ToldAlone> {
  const isBorne = ref !== undefined && text !== undefined && bearsPart2(typeOf(ref), text);
  return isBorne && seq !== undefined ? noticeOfStored(context, caller, ref, seq) : {};
}

async function noticeOfStored(context: Noticing, caller: Caller, ref: Ref, seq: number): Promise<ToldAlone> {
  const version = await context.store.snapshot().vread(ref, seq, EVERYTHING);
  return version === undefined ? {} : noticeOfOne(context, caller, version);
}
