/**
 * The marks of a version: what the store keeps of labelled content, so that no query reads a text. They are the names of its
 * labels, `Organization/x` for each source of its content under Part 2, and `Patient/x` for each patient that a Bundle's
 * members are about. Content without a label, or as confidential as usual and nothing else, has none.
 */
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import { suspensionMarksOf } from '../access.ts';
import { factsOf, factsOfLabels, PART_2, type ContentFacts } from '../facts.ts';
import { CONFIDENTIALITY } from '../labels/confidentiality.ts';
import { resourcesInside } from '../labels/derive.ts';
import { consentMarksOf, isConsentMarked } from './consents-themselves.ts';

/** On the label 42CFRPart2 that the server adds: the organization whose words make the content a record of Part 2. */
export const LABEL_SOURCE = 'https://closeloop.dev/fhir/StructureDefinition/label-source';

/** What stands in marks, read. */
export interface ReadMarks {
  readonly facts: ContentFacts;
  readonly sources: ReadonlySet<Ref>;
  readonly patients: readonly Ref[];
}

const NO_MARKS: readonly string[] = [];

export function guardMarksOf(resource: Resource): readonly string[] {
  const { resourceType, meta } = resource;
  if (resourceType === 'Consent') return [...consentMarksOf(resource), ...contentMarksOf(resource)];
  if (resourceType === 'DocumentReference')
    return [
      ...suspensionMarksOf(resource),
      ...(meta?.security === undefined ? [] : contentMarksOf(resource)),
    ];
  return meta?.security === undefined && resourceType !== 'Bundle' ? NO_MARKS : contentMarksOf(resource);
}

function contentMarksOf(resource: Resource): readonly string[] {
  const facts = factsOf(resource);
  if (![...facts.labels].some((label) => label !== USUAL)) return NO_MARKS;
  return [...new Set([...facts.labels, ...sourcesOf(resource), ...patientsInside(resource)])].toSorted();
}

/** Whether some guard withholds content with these facts from everybody, whoever the recipient is. */
export const isAlwaysGuarded = ({ part2, psychotherapy, counseling, labels }: ContentFacts): boolean =>
  part2 || psychotherapy || counseling || isConsentMarked(labels);

const USUAL = `${CONFIDENTIALITY}|N`;

export const sourcesIn = ({ extension = [] }: Coding): readonly Ref[] =>
  extension.flatMap(({ url, valueReference }) => {
    const source = url === LABEL_SOURCE ? valueReference?.reference : undefined;
    return source?.startsWith('Organization/') === true ? [source as Ref] : [];
  });

/** Stands for sources where no organization's words are all that a Bundle holds of Part 2. No organization is named so. */
const NO_SINGLE_SOURCE: Ref = 'Organization/';

/**
 * The organizations whose words content of Part 2 holds, as far as the server wrote them. Of a Bundle, those whose words
 * each of its members holds: what comes back to them is no disclosure. A signed Bundle keeps what others wrote into it, so
 * that its own label alone is read.
 */
export function sourcesOf(resource: Resource): readonly Ref[] {
  const own = (resource.meta?.security ?? []).filter(isPart2Label);
  const said = new Set(own.flatMap(sourcesIn));
  if (resource.resourceType !== 'Bundle' || resource['signature'] !== undefined) return [...said];
  const parts = [
    ...(own.length > 0 ? [said] : []),
    ...resourcesInside(resource).flatMap((member) =>
      member !== undefined && factsOf(member).part2 ? [new Set(sourcesOf(member))] : [],
    ),
  ];
  const all = new Set(parts.flatMap((one) => [...one]));
  const common = [...all].filter((source) => parts.every((one) => one.has(source)));
  return common.length === 0 && all.size > 0 ? [NO_SINGLE_SOURCE] : common;
}

const isPart2Label = ({ system, code }: Coding): boolean => system === PART_2.system && code === PART_2.code;

/** Stands for patients of a Bundle that are none of this server: no permit covers them. No Patient is named so. */
export const NO_LOCAL_PATIENT: Ref = 'Patient/';

/**
 * The patients of a Bundle's members. Where they are several, each is asked by itself: one that a member names by other than
 * a local reference stands among them as {@link NO_LOCAL_PATIENT}.
 */
function patientsInside(resource: Resource): readonly Ref[] {
  const named = [...namedInside(resource)];
  const local = named.filter((one): one is Ref => PATIENT.test(one));
  return local.length < named.length && named.length > 1 ? [...local, NO_LOCAL_PATIENT] : local;
}

/** Whom the members of a Bundle are about: local Patients, and what others are called inside it. */
function namedInside(bundle: Resource): ReadonlySet<string> {
  const members = resourcesInside(bundle);
  const urls = (bundle['entry'] ?? []) as readonly { readonly fullUrl?: string }[];
  const patients = members.map((member, place) =>
    member?.resourceType === 'Patient' ? nameOfPatient(member, urls[place]?.fullUrl, place) : undefined,
  );
  const byUrl = new Map(
    patients.flatMap((name, at) => (name === undefined ? [] : [[urls[at]?.fullUrl, name]])),
  );
  const named = new Set(patients.filter((name) => name !== undefined));
  for (const [place, member] of members.entries()) {
    if (member === undefined) continue;
    if (member.resourceType === 'Bundle') for (const one of namedInside(member)) named.add(one);
    for (const element of ABOUT) {
      const name = nameOf(member[element], element === 'patient', place);
      if (name !== undefined) named.add(byUrl.get(name) ?? name);
    }
  }
  return named;
}

const nameOfPatient = ({ id }: Resource, url: string | undefined, place: number): string =>
  id === undefined ? (url ?? `entry ${place}`) : `Patient/${id}`;

/** By which elements a member names whom it is about. */
const ABOUT = ['subject', 'patient', 'for', 'beneficiary', 'individual'] as const;

/** What a reference calls a patient; undefined where it names nothing, or something of this server that is no Patient. */
function nameOf(reference: unknown, isPatient: boolean, place: number): string | undefined {
  if (typeof reference !== 'object' || reference === null) return undefined;
  const { reference: text, type } = reference as { readonly reference?: unknown; readonly type?: unknown };
  if (!isPatient && type !== undefined && type !== 'Patient') return undefined;
  if (typeof text !== 'string') return `entry ${place}`;
  if (text.startsWith('#')) return `entry ${place} ${text}`;
  const [current = text] = text.split('/_history/');
  return OTHER.test(current) && !PATIENT.test(current) ? undefined : current;
}

const PATIENT = /^Patient\/[A-Za-z0-9.-]{1,64}$/;
const OTHER = /^[A-Z][A-Za-z]*\/[A-Za-z0-9.-]{1,64}$/;

export function readMarks(marks: readonly string[]): ReadMarks {
  const isParty = (mark: string): boolean => mark.startsWith('Organization/');
  const isPatient = (mark: string): boolean => mark === NO_LOCAL_PATIENT || PATIENT.test(mark);
  const labels = marks.filter((mark) => !isParty(mark) && !isPatient(mark));
  return {
    facts: factsOfLabels(new Set(labels)),
    sources: new Set(marks.filter(isParty) as Ref[]),
    patients: marks.filter(isPatient) as Ref[],
  };
}
