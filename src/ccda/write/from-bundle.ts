/** What a document Bundle tells, as the content of a clinical document: its Composition, section by section. */
import { CONFIDENTIALITY, highestOf } from '../../policies/labels/confidentiality.ts';
import { table } from '../table.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { CodeableConcept, Coding, Identifier, Reference, Resource } from '../../fhir/types.ts';
import type { DocumentContent, WriteOptions } from './document.ts';
import { partyOf, type Party } from './party.ts';
import type { SectionContent } from './section.ts';
import { DOCUMENTS, sectionOf, SECTIONS, type DocumentKind, type SectionName } from './templates.ts';
import type { Writing } from './writing.ts';

interface BundleOptions {
  /** The document's id and the id that its versions share: UUIDs. */
  readonly id: string;
  readonly setId: string;
  readonly version: number;
  readonly replaces?: string | undefined;
  /** A dateTime with seconds and a zone, where the Composition has none. */
  readonly now: string;
  /** Absolute base of the server. */
  readonly base: string;
}

/** The document and how to look its resources up. */
interface ContentOfBundle {
  readonly content: DocumentContent;
  readonly options: WriteOptions;
}

type Tree = Resource & Record<string, unknown>;

/** @throws OperationOutcomeError `bundle-invalid` for what is no document Bundle with a Composition about a patient */
export function contentOfBundle(bundle: Resource, options: BundleOptions): ContentOfBundle {
  const entries = (bundle['entry'] ?? []) as readonly { fullUrl?: string; resource?: Tree }[];
  const composition = entries[0]?.resource;
  if (bundle['type'] !== 'document' || composition?.resourceType !== 'Composition')
    throw refuse('a Bundle of type document begins with its Composition');
  const byUrl = new Map(
    entries.flatMap(({ fullUrl, resource }) => (resource === undefined ? [] : keysOf(fullUrl, resource))),
  );
  const lookUp = (reference: Reference | undefined) =>
    byUrl.get(reference?.reference?.replace(/\/_history\/.*$/, '') ?? '');
  const patient = lookUp(composition['subject'] as Reference | undefined);
  if (patient?.resourceType !== 'Patient') throw refuse('its Composition is about no Patient of the Bundle');
  const kind = kindOf(composition['type'] as CodeableConcept | undefined);
  const author = partyAt(lookUp, (composition['author'] as readonly Reference[] | undefined)?.[0]);
  const custodian = lookUp(composition['custodian'] as Reference | undefined) ?? author.organization;
  const order = orderOf(entries.flatMap(({ resource }) => resource ?? [])) ?? referralIn(composition, lookUp);
  const date = (composition['date'] as string | undefined) ?? '';
  const content: DocumentContent = {
    ...options,
    kind,
    title: composition['title'] as string | undefined,
    time: date.includes('T') ? date : options.now,
    confidentiality: highest(
      entries.flatMap(({ resource }) => resource?.meta?.security ?? []),
      composition['confidentiality'],
    ),
    patient,
    author,
    custodian: custodian ?? { resourceType: 'Organization', name: 'unknown' },
    recipients: recipientsOf(order, lookUp),
    order,
    visit: lookUp(composition['encounter'] as Reference | undefined),
    careSince: eventStart(composition),
    ...sectionsOf(composition, kind, lookUp),
  };
  const all = entries.flatMap(({ resource }) => resource ?? []).slice(1);
  return { content, options: { base: options.base, lookUp, all } };
}

const refuse = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('bundle-invalid', { diagnostics });

/** A resource is found by its fullUrl, and by its type and id. */
function keysOf(fullUrl: string | undefined, resource: Tree): readonly (readonly [string, Tree])[] {
  const local =
    resource.id === undefined ? [] : [[`${resource.resourceType}/${resource.id}`, resource] as const];
  return fullUrl === undefined ? local : [[fullUrl, resource], ...local];
}

function kindOf(type: CodeableConcept | undefined): DocumentKind {
  const codes = type?.coding?.flatMap(({ code }) => code ?? []) ?? [];
  const kinds = Object.keys(DOCUMENTS) as DocumentKind[];
  return kinds.find((kind) => codes.includes(DOCUMENTS[kind].code)) ?? 'consultation-note';
}

/** The party behind a reference, as the writer has it. */
export const partyAt = (lookUp: WriteOptions['lookUp'], reference: Reference | undefined): Party =>
  partyOf({ lookUp } as Pick<Writing, 'lookUp'> as Writing, reference);

/** The order with the number of a referral. Another one may be what the document itself plans. */
function orderOf(resources: readonly Tree[]): Resource | undefined {
  const orders = resources.filter(({ resourceType }) => resourceType === 'ServiceRequest');
  const isPlaced = (order: Tree): boolean =>
    ((order['identifier'] ?? []) as readonly Identifier[]).some(
      ({ type }) => type?.coding?.some(({ code }) => code === 'PLAC') === true,
    );
  return orders.find(isPlaced);
}

/** The order that the reason for referral is about. */
const referralIn = (composition: Resource, lookUp: WriteOptions['lookUp']): Resource | undefined =>
  flat((composition['section'] ?? []) as readonly SectionTree[])
    .filter(({ code }) => nameOf(code) === 'reason-for-referral')
    .flatMap(({ entry = [] }) => entry.map(lookUp))
    .find((one) => one?.resourceType === 'ServiceRequest');

const recipientsOf = (order: Resource | undefined, lookUp: WriteOptions['lookUp']): readonly Party[] =>
  ((order?.['performer'] ?? []) as readonly Reference[]).map((one) => partyAt(lookUp, one));

/** The highest confidentiality of anything that is told; the header may not be lower. */
export const highest = (labels: readonly Coding[], own: unknown): string =>
  highestOf([
    ...labels,
    { system: CONFIDENTIALITY, code: 'N' },
    ...(typeof own === 'string' ? [{ system: CONFIDENTIALITY, code: own }] : []),
  ])?.code ?? 'N';

function eventStart(composition: Resource): string | undefined {
  const [event] = (composition['event'] ?? []) as readonly { period?: { start?: string } }[];
  return event?.period?.start;
}

interface SectionTree {
  readonly title?: string;
  readonly code?: CodeableConcept;
  readonly text?: { readonly status?: string; readonly div?: string };
  readonly entry?: readonly Reference[];
  readonly emptyReason?: CodeableConcept;
  readonly section?: readonly SectionTree[];
}

/** Why a section holds nothing, as a null flavor. */
const EMPTY: Readonly<Record<string, string>> = table({
  withheld: 'MSK',
  notasked: 'NASK',
  unavailable: 'NI',
});

interface Sections {
  readonly sections: readonly SectionContent[];
  readonly leftOut: NonNullable<DocumentContent['leftOut']>;
}

/** Sections of known codes; entries stand in the section whose types they have. The others are left out, and told. */
function sectionsOf(composition: Resource, kind: DocumentKind, lookUp: WriteOptions['lookUp']): Sections {
  const allowed = new Set<SectionName>([
    ...DOCUMENTS[kind].required,
    ...DOCUMENTS[kind].optional,
    'assessment-and-plan',
  ]);
  const leftOut: { at: string; what: string }[] = [];
  if (composition['attester'] !== undefined)
    leftOut.push({ at: 'Composition.attester', what: 'a document that is written anew is not signed' });
  const sections = flat((composition['section'] ?? []) as readonly SectionTree[]).flatMap(
    (section, index): SectionContent[] => {
      const { title, code, text, entry = [], emptyReason } = section;
      const at = `Composition.section[${index}]`;
      const name = nameOf(code);
      if (name === undefined || !allowed.has(name)) {
        if (text !== undefined || entry.length > 0)
          leftOut.push({ at, what: 'the document has no such section' });
        return [];
      }
      const told = entry.flatMap((one) => lookUp(one) ?? []);
      if (told.length < entry.length) leftOut.push({ at: `${at}.entry`, what: 'refers to what is not told' });
      const inner = new Set(told.flatMap((one) => partsOf(one, lookUp)));
      const resources = told.filter(
        (one) => SECTIONS[name].types.includes(one.resourceType) && !inner.has(one),
      );
      // Narrative that was made of the entries is made anew; what a person wrote is kept.
      const isMadeAnew = resources.length > 0 && text?.status === 'generated';
      if (isMadeAnew) leftOut.push({ at: `${at}.text`, what: 'the narrative of the entries is made anew' });
      const reason = emptyReason?.coding?.[0]?.code ?? '';
      return [
        {
          name,
          title,
          div: isMadeAnew ? undefined : text?.div,
          resources,
          nullFlavor: EMPTY[reason],
          isNilKnown: reason === 'nilknown',
        },
      ];
    },
  );
  return { sections, leftOut };
}

/** Observations that a report or a panel holds are told with it. */
const partsOf = (resource: Resource, lookUp: WriteOptions['lookUp']): readonly Resource[] =>
  ['result', 'hasMember'].flatMap((name) =>
    ((resource[name] ?? []) as readonly Reference[]).flatMap((one) => lookUp(one) ?? []),
  );

const flat = (sections: readonly SectionTree[]): readonly SectionTree[] =>
  sections.flatMap((section) => [section, ...flat(section.section ?? [])]);

const nameOf = (code: CodeableConcept | undefined): SectionName | undefined =>
  code?.coding?.map((coding) => sectionOf(coding.code ?? '')).find((name) => name !== undefined);
