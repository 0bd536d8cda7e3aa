/**
 * Where the notice stands in FHIR (compliance P30): in `meta` of one resource; in a section of a document's Composition; in a
 * Communication of a message. A signed Bundle keeps its entries, and has the notice in its own `meta` alone.
 */
import { uuidOf } from '../../fhir/identifier.ts';
import type { Bundle, BundleEntry, Extension, Ref, Resource } from '../../fhir/types.ts';
import { factsOf } from '../facts.ts';
import { resourcesInside } from '../labels/derive.ts';
import { DS4P, part2ByNotice } from '../labels/label.ts';
import { isSameLabel } from '../labels/lowered.ts';
import { isOfTheWay, isPart2, labelsOnTheWay, noticeWords, type Notice } from './notice.ts';
import { recognizesStatement, STATEMENT_1 } from './statements.ts';

/** The words that a reader of the resource is to be shown (DS4P 1.0.0). */
const DISPLAY = `${DS4P}/extension-display`;

const displayOf = (notice: Notice): Extension => ({
  url: DISPLAY,
  valueAnnotation: { text: noticeWords(notice) },
});

const isStatement = ({ url, valueAnnotation }: Extension): boolean =>
  url === DISPLAY && recognizesStatement(valueAnnotation?.text ?? '');

/** The resource with the notice in it. Of a Bundle only the members that are content of Part 2 bear it. */
export function withNotice(resource: Resource, notice: Notice): Resource {
  if (resource.resourceType !== 'Bundle') return inMeta(resource, notice);
  if (resource['signature'] !== undefined) return inMeta(resource, notice);
  const { entry = [] } = resource as unknown as Bundle; // validated when it was stored
  const told = entry.map((one) => withMember(one, notice));
  const added = ADDED.get(String(resource['type']))?.(told, notice);
  return { ...inMeta(resource, notice), entry: added ?? told };
}

/** The resource whose notice stands elsewhere in what it is sent with: with the labels alone. */
export const withWayLabels = (resource: Resource, notice: Notice): Resource =>
  (resource.meta?.security ?? []).some(isPart2)
    ? {
        ...resource,
        meta: { ...resource.meta, security: [...labelsOnTheWay(resource.meta?.security ?? [], notice)] },
      }
    : resource;

function inMeta(resource: Resource, notice: Notice): Resource {
  const { meta = {}, ...labelled } = withWayLabels(resource, notice);
  const others = (meta.extension ?? []).filter((one) => !isStatement(one));
  const told = { ...labelled, meta: { ...meta, extension: [...others, displayOf(notice)] } };
  return resource.resourceType === 'Communication' ? aboutConsent(told, notice) : told;
}

/** A message to a person says which consent it goes with. */
function aboutConsent(resource: Resource, { consent }: Notice): Resource {
  const about = (resource['about'] ?? []) as readonly { readonly reference?: string }[]; // validated structure
  if (consent === undefined || about.some(({ reference }) => reference === consent)) return resource;
  return { ...resource, about: [...about, { reference: consent }] };
}

function withMember(entry: BundleEntry, notice: Notice): BundleEntry {
  const member = entry.resource as Resource | undefined;
  if (member === undefined || !factsOf(member).part2) return entry;
  return {
    ...entry,
    resource: withNotice(member, notice) as unknown as NonNullable<BundleEntry['resource']>,
  };
}

type Entries = readonly BundleEntry[];

/** What the notice adds to a Bundle, by its type. */
const ADDED: ReadonlyMap<string, (entry: Entries, notice: Notice) => Entries> = new Map([
  ['document', inDocument],
  ['message', inMessage],
]);

/** The section of the confidentiality of a document (LOINC). */
const PRIVACY_SECTION = {
  system: 'http://loinc.org',
  code: '57017-6',
  display: 'Privacy policy Organization Document',
} as const;

/** The first entry of a document is its Composition. */
function inDocument([first, ...others]: Entries, notice: Notice): Entries {
  const composition = first?.resource as Resource | undefined;
  if (first === undefined || composition?.resourceType !== 'Composition')
    return first === undefined ? [] : [first, ...others];
  const copied = copyOf(first, notice);
  const section = {
    title: 'Confidentiality',
    code: { coding: [PRIVACY_SECTION] },
    text: { status: 'additional', div: divOf(noticeWords(notice)) },
    ...(copied !== undefined && { entry: [{ reference: referenceTo(copied, notice) }] }),
  };
  const sections = (composition['section'] ?? []) as readonly object[];
  const told = { ...composition, confidentiality: 'R', section: [section, ...sections] };
  return [{ ...first, resource: asEntry(told) }, ...others, ...(copied === undefined ? [] : [copied])];
}

/** A message says it in a Communication about the Task of its referral. */
function inMessage(entry: Entries, notice: Notice): Entries {
  const [first] = entry;
  const members = entry.flatMap(({ resource }) => (resource === undefined ? [] : [resource as Resource]));
  const task = members.find(({ resourceType }) => resourceType === 'Task');
  const communication: Resource = {
    resourceType: 'Communication',
    status: 'completed',
    category: [
      { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/message-content', code: 'notice' }] },
    ],
    ...(task?.id !== undefined && { about: [{ reference: `Task/${task.id}` }] }),
    payload: [STATEMENT_1, notice.scope].flatMap((contentString) =>
      contentString === undefined ? [] : [{ contentString }],
    ),
  };
  const copied = first && copyOf(first, notice);
  const told = entry.map((one) => (copied === undefined ? one : supportedBy(one, notice.consent)));
  const fullUrl = `urn:uuid:${uuidOf(`notice ${first?.fullUrl ?? ''}`)}`;
  return [...told, { fullUrl, resource: asEntry(communication) }, ...(copied === undefined ? [] : [copied])];
}

/** An order refers to the consent that it was sent with (BSeR). */
function supportedBy(entry: BundleEntry, consent: Ref | undefined): BundleEntry {
  const order = entry.resource as Resource | undefined;
  if (order?.resourceType !== 'ServiceRequest' || consent === undefined) return entry;
  const info = (order['supportingInfo'] ?? []) as readonly { readonly reference?: string }[];
  if (info.some(({ reference }) => reference?.endsWith(consent) === true)) return entry;
  return { ...entry, resource: asEntry({ ...order, supportingInfo: [...info, { reference: consent }] }) };
}

/** The Consent as an entry, under the address that the others have. */
function copyOf({ fullUrl = '', resource }: BundleEntry, { consent, copy }: Notice): BundleEntry | undefined {
  if (consent === undefined || copy === undefined) return undefined;
  const own = `${resource?.resourceType ?? ''}/${resource?.id ?? ''}`;
  const base = fullUrl.endsWith(`/${own}`) ? fullUrl.slice(0, -own.length) : undefined;
  return {
    fullUrl: base === undefined ? `urn:uuid:${uuidOf(consent)}` : `${base}${consent}`,
    resource: asEntry(copy),
  };
}

/** By its address where the others have none that leads to it. */
const referenceTo = ({ fullUrl = '' }: BundleEntry, { consent = 'Consent/-' }: Notice): string =>
  fullUrl.startsWith('urn:') ? fullUrl : consent;

/** A plain tree as the entry of a Bundle: every FHIR type is one. */
const asEntry = (resource: object) => resource as unknown as NonNullable<BundleEntry['resource']>;

const MARKUP: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Words as a narrative: each line a paragraph. */
const divOf = (words: string): string =>
  `<div xmlns="http://www.w3.org/1999/xhtml">${words
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `<p>${line.replaceAll(/[&<>]/g, (mark) => MARKUP[mark] ?? '')}</p>`)
    .join('')}</div>`;

/** Whether a resource, or a member of a Bundle, has the words in its `meta`. */
export const bearsNotice = (resource: Resource): boolean =>
  (resource.meta?.extension ?? []).some(isStatement) ||
  resourcesInside(resource).some((member) => member !== undefined && bearsNotice(member));

/**
 * What was shown with the notice, as it is stored: with the label in place of the words, and without the labels that were
 * added on the way, unless they stood before. The same resource where it bears no statement.
 */
export function withoutNotice(resource: Resource, before: Resource | undefined): Resource {
  if (!bearsNotice(resource)) return resource;
  const { meta = {}, ...elements } = membersWithout(resource);
  const { extension = [], security = [], ...rest } = meta;
  if (!extension.some(isStatement)) return { ...elements, meta };
  const others = extension.filter((one) => !isStatement(one));
  const stood = before?.meta?.security;
  const kept = security.filter(
    (label) => stood === undefined || !isOfTheWay(label) || stood.some((own) => isSameLabel(own, label)),
  );
  return {
    ...elements,
    meta: {
      ...rest,
      ...(others.length > 0 && { extension: others }),
      security: kept.some(isPart2) ? kept : [...kept, part2ByNotice],
    },
  };
}

/** A signed Bundle keeps its entries. */
function membersWithout(resource: Resource): Resource {
  if (resource.resourceType !== 'Bundle' || resource['signature'] !== undefined) return resource;
  const { entry = [] } = resource as unknown as Bundle; // validated by then
  return {
    ...resource,
    entry: entry.map((one) =>
      one.resource === undefined
        ? one
        : { ...one, resource: asEntry(withoutNotice(one.resource as Resource, undefined)) },
    ),
  };
}
