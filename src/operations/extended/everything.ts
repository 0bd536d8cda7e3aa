/**
 * Patient/$everything (http://hl7.org/fhir/R4/patient-operation-everything.html): the resources of a patient's
 * compartment that the caller may see, type by type, and those to which they refer. Each page is answered as of the seq
 * of the first.
 */
import { markOfTexts } from '../../policies/labels/high-water.ts';
import { buildBundleText, type ReplyEntry } from '../../fhir/bundle.ts';
import { notHere, OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Clause, Match, Sight } from '../../ports/query.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import { careBetween } from '../../resources/care-dates.ts';
import { compartmentParameters, PATIENT_PARAM } from '../../resources/compartment.ts';
import { idOf, typeOf } from '../../resources/element.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import { parseDateRange } from '../../resources/search/range.ts';
import { isResourceType } from '../../resources/type-names.ts';
import { withoutUnread } from '../attachments/scan-told.ts';
import { suppressedIn } from '../denied.ts';
import { askWhole, JUSTIFICATION, leftOutOf, neededOf } from '../minimum/whole.ts';
import { PAGE, snapshotAsOf } from '../search/page.ts';
import type { Caller } from '../request.ts';
import { sightForType } from '../scope.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { warningEntries } from '../search/searchset.ts';
import { noticesOf } from '../notice.ts';
import { maskedInAudit, showText } from '../show.ts';
import { numberIn, textIn, textsIn } from './input.ts';
import type { Input, Invocation, Operation, OperationReply } from './operation.ts';
import { findSupporting } from './supporting.ts';

export const everything: Operation = {
  name: 'everything',
  id: 'Patient-everything',
  base: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
  title: 'Everything about a patient',
  description:
    'The patient, everything of the patient’s compartment that the caller may see, and what that refers to: practitioners, organizations, medications, attachments. Types that the caller’s scopes do not let it search are left out. On the type it is for tokens with a patient in context.',
  levels: ['type', 'instance'],
  resource: ['Patient'],
  affectsState: false,
  needs: 'read',
  parameters: [
    {
      name: 'start',
      use: 'in',
      min: 0,
      max: '1',
      type: 'date',
      documentation: 'Care from this day on. What says no date of care is shown.',
    },
    {
      name: 'end',
      use: 'in',
      min: 0,
      max: '1',
      type: 'date',
      documentation: 'Care up to this day. What says no date of care is shown.',
    },
    {
      name: '_since',
      use: 'in',
      min: 0,
      max: '1',
      type: 'instant',
      documentation: 'Resources written after this instant, and what they refer to.',
    },
    {
      name: '_type',
      use: 'in',
      min: 0,
      max: '*',
      type: 'string',
      documentation: 'Resource types, separated by commas, that are wanted; all when none is named.',
    },
    {
      name: '_count',
      use: 'in',
      min: 0,
      max: '1',
      type: 'positiveInt',
      documentation:
        'Resources of the compartment on one page; without it as many as one page may hold. What they refer to comes on the same page.',
    },
    JUSTIFICATION,
    {
      name: PAGE,
      use: 'in',
      min: 0,
      max: '1',
      type: 'string',
      documentation: 'Where a further page begins: part of the links that the server gives.',
    },
    {
      name: 'return',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Bundle',
      documentation: 'A searchset: the compartment as matches, what it refers to as included.',
    },
  ],
  perform: performEverything,
};

/** The beginning of a page: after that many of one type, as of a seq. */
interface Mark {
  readonly asOf: number | undefined;
  readonly type: string | undefined;
  readonly offset: number;
}

async function performEverything(invocation: Invocation): Promise<OperationReply> {
  const { context, request, input } = invocation;
  const patient = patientOf(invocation);
  const mark = readMark(textIn(input, PAGE));
  const snapshot = snapshotAsOf(context, mark.asOf);
  const whose = await readPatient(snapshot, patient, invocation.sight);
  const count = Math.min(
    numberIn(input, '_count') ?? context.settings.pageSizeMax,
    context.settings.pageSizeMax,
  );
  const wanted = typesIn(input);
  const audit = await askWhole(invocation, whose.custodian, wanted === undefined);
  const { matches: found, next } = await findMatches(invocation, snapshot, patient, mark, count);
  // Types that are named are what the purpose needs.
  const needed = wanted === undefined ? neededOf(found, request.caller, audit, patient) : found;
  const matches = await withoutUnread(context, request.caller, needed);
  const suppressed = await suppressedIn(context, snapshot, { ...request, compartment: patient }, undefined);
  const { cut, ...beside } = await findSupporting(context, request, snapshot, patient, matches, wanted);
  const included = await withoutUnread(context, request.caller, beside.included);
  const self = addressOf(context.settings.publicBase, invocation, patient);
  const nextLink = next === undefined ? undefined : `${self}${self.includes('?') ? '&' : '?'}${PAGE}=${next}`;
  const notices = await noticesOf(context, request.caller, [...matches, ...included]);
  const entryOf = (match: Match, search: 'match' | 'include'): ReplyEntry => ({
    fullUrl: `${context.settings.publicBase}/${match.ref}`,
    text: showText({ ...match, notice: notices.of(match.ref, match.seq) }, request.caller),
    search,
  });
  const entries: readonly ReplyEntry[] = [
    ...matches.map((match) => entryOf(match, 'match')),
    ...included.map((match) => entryOf(match, 'include')),
    ...notices.entries,
    ...warningEntries([...(cut ? [CUT] : []), ...suppressed, ...leftOutOf(found.length - matches.length)]),
  ];
  return {
    status: 200,
    text: buildBundleText({
      type: 'searchset',
      mark: markOfTexts(entries),
      total: next === undefined && mark.asOf === undefined ? matches.length : undefined,
      links: [['self', self], ...(nextLink === undefined ? [] : [['next', nextLink] as const])],
      entries,
    }),
    about: [whose],
    audit: { ...audit, ...notices.audit, ...maskedInAudit([...matches, ...included], request.caller) },
    seen: [...matches, ...included].map(({ ref, seq, custodian, text }) => ({
      ref,
      seq,
      custodian,
      patients: context.patientsOf(ref, seq, text),
    })),
  };
}

const CUT: IssueDetail = {
  code: 'includes-cut',
  severity: 'warning',
  diagnostics: 'this page leaves out some resources to which its resources refer',
};

// — the patient

/** @throws OperationOutcomeError `scope-insufficient` where no patient is named, neither by the address nor by the token */
function patientOf({ level, request }: Invocation): Ref {
  const { caller, id } = request;
  if (level === 'instance') return `Patient/${id ?? ''}`;
  if (caller.patient !== undefined) return caller.patient;
  throw new OperationOutcomeError('scope-insufficient', {
    diagnostics:
      'Patient/$everything needs a token with a patient in context; otherwise name one: Patient/[id]/$everything',
  });
}

async function readPatient(snapshot: Snapshot, patient: Ref, sight: Sight): Promise<Version> {
  const version = await snapshot.read(patient, sight);
  if (version === undefined) throw notHere(patient);
  if (version.text === undefined)
    throw new OperationOutcomeError('gone', { diagnostics: `${patient} was deleted at ${version.at}` });
  return version;
}

// — the types

/**
 * The types that the caller wants; undefined: all.
 *
 * @throws OperationOutcomeError `parameter-invalid` for a name that is no type of R4
 */
function typesIn(input: Input): ReadonlySet<string> | undefined {
  const names = textsIn(input, '_type').flatMap((text) => text.split(',').map((name) => name.trim()));
  if (names.length === 0) return undefined;
  if (names.every((name) => isResourceType(name))) return new Set(names);
  throw new OperationOutcomeError('parameter-invalid', { diagnostics: '_type names types of R4' });
}

/** Types of which a resource can be in a patient's compartment: the patient first, then the others in their order. */
const IN_COMPARTMENT: readonly string[] = [
  'Patient',
  ...[...RESOURCE_TYPES.values()]
    .filter(({ type, renderedFromAudit }) => type !== 'Patient' && renderedFromAudit !== true)
    .filter(({ type, patientCompartment }) => compartmentParameters(type, patientCompartment).length > 0)
    .map(({ type }) => type),
];

/** Of these, the types that the caller wants and that its scopes let it search. */
function typesFor(
  caller: Caller,
  wanted: ReadonlySet<string> | undefined,
): readonly (readonly [string, Sight])[] {
  return IN_COMPARTMENT.flatMap((type): readonly (readonly [string, Sight])[] => {
    if (wanted?.has(type) === false) return [];
    const sight = sightForType(caller, type);
    return sight === undefined ? [] : [[type, sight]];
  });
}

interface Found {
  readonly matches: readonly Match[];
  /** The beginning of the next page; undefined when there is none. */
  readonly next: string | undefined;
}

async function findMatches(
  { context, request, input }: Invocation,
  snapshot: Snapshot,
  patient: Ref,
  mark: Mark,
  count: number,
): Promise<Found> {
  const matches: Match[] = [];
  let characters = context.settings.answerBytesMax;
  const types = typesFor(request.caller, typesIn(input));
  const first = mark.type === undefined ? 0 : types.findIndex(([type]) => type === mark.type);
  if (first < 0) throw notAPage();
  for (const [index, [type, sight]] of types.slice(first).entries()) {
    const offset = index === 0 ? mark.offset : 0;
    const isFull = matches.length > 0 && characters <= 0;
    const query = {
      type,
      where: clauseFor(type, patient, input),
      sort: [],
      sight,
      count: isFull ? 0 : count - matches.length,
      characters,
      offset,
      total: false,
    };
    const page = await snapshot.search(query, request.signal).catch(searchRefusal);
    matches.push(...page.matches);
    for (const { text } of page.matches) characters -= text.length;
    if (page.more) return { matches, next: `${snapshot.seq}-${type}-${offset + page.matches.length}` };
  }
  return { matches, next: undefined };
}

function clauseFor(type: string, patient: Ref, input: Input): Clause {
  const own: Clause =
    type === 'Patient'
      ? { kind: 'id', ids: [idOf(patient)] }
      : { kind: 'reference', param: PATIENT_PARAM, to: [patient] };
  const since = textIn(input, '_since');
  const range = since === undefined ? undefined : parseDateRange(`gt${since}`, 0);
  const care = careBetween(type, textIn(input, 'start'), textIn(input, 'end'));
  return {
    kind: 'all',
    of: [
      own,
      ...(range === undefined ? [] : [{ kind: 'updated', ...range } as const]),
      ...(care === undefined ? [] : [care]),
    ],
  };
}

// — pages

function readMark(text: string | undefined): Mark {
  if (text === undefined) return { asOf: undefined, type: undefined, offset: 0 };
  const [, asOf, type = '', offset] = /^(\d{1,15})-([A-Za-z]{1,64})-(\d{1,9})$/.exec(text) ?? [];
  if (asOf === undefined || !isResourceType(type)) throw notAPage();
  return { asOf: Number(asOf), type, offset: Number(offset) };
}

const notAPage = (): OperationOutcomeError =>
  new OperationOutcomeError('parameter-invalid', { diagnostics: `${PAGE} is not a page link` });

/** The request as a GET, however the client sent it. */
function addressOf(base: string, { level, input }: Invocation, patient: Ref): string {
  const at = level === 'type' ? typeOf(patient) : patient;
  const pairs = [...input].flatMap(([name]) =>
    name === PAGE ? [] : textsIn(input, name).map((text): [string, string] => [name, text]),
  );
  const query = new URLSearchParams(pairs).toString();
  return `${base}/${at}/$everything${query === '' ? '' : `?${query}`}`;
}
