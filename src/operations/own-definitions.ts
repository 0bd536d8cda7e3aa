/**
 * The code systems and the extension that this server defines itself, as everyone may read them: by id, and by url. What
 * stands in a table of the code is listed; of the others, their codes explain themselves where they are used.
 */
import { ISSUE_SYSTEM, ISSUES } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { ROWS } from '../referral/extensions.ts';
import { EVENT_SYSTEM, NOTE_PAIRED, NOTE_SYSTEM, NOTE_WAITS } from './receive/marks.ts';
import { KIND_SYSTEM, STEP_URL } from './timeline/render.ts';
import { KINDS } from './timeline/step.ts';

interface Concept {
  readonly code: string;
  readonly definition?: string;
}

const ROOT = 'https://closeloop.dev/fhir/CodeSystem/';
const named = (codes: Iterable<string>): readonly Concept[] => [...new Set(codes)].map((code) => ({ code }));

/** By url: what it is, and its codes as far as a table has them. */
const SYSTEMS: Readonly<Record<string, readonly [title: string, concepts?: readonly Concept[]]>> = {
  [ISSUE_SYSTEM]: [
    'What a request is refused for, or told beside success',
    Object.entries(ISSUES).map(([code, { solve }]) => ({ code, definition: solve })),
  ],
  [EVENT_SYSTEM]: ['What happens to a referral', named(ROWS.map(({ event }) => event))],
  [NOTE_SYSTEM]: ['Whether the status of a note has come', named([NOTE_WAITS, NOTE_PAIRED])],
  [KIND_SYSTEM]: ['What a step of a timeline is', named(KINDS)],
  [`${ROOT}consent-origin`]: ['Whose word a Consent is'],
  [`${ROOT}ihe-transaction`]: ['The transaction of IHE 360X that tells of a move'],
  [`${ROOT}message-fate`]: ['What became of a message'],
  [`${ROOT}referral-party`]: ['The part of an organization in a referral'],
  [`${ROOT}referral-transition`]: ['The row by which a referral moved'],
  [`${ROOT}standing`]: ['What an organization is to this server'],
  [`${ROOT}task-business-status`]: ['States of a referral that BSeR has no code for'],
  [`${ROOT}task-origin`]: ['How a Task came to be'],
  [`${ROOT}trigger-event`]: ['The event of HL7 v2 that tells of a move'],
  [`${ROOT}work-item`]: ['What a person is asked to do'],
};

const idOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);
const nameOf = (id: string): string =>
  id.replaceAll(/(?:^|-)([a-z])/g, (_all, letter: string) => letter.toUpperCase());

const DEFINITIONS: ReadonlyMap<string, Resource> = new Map([
  ...Object.entries(SYSTEMS).map(([url, [title, concept]]): readonly [string, Resource] => [
    `CodeSystem/${idOf(url)}`,
    {
      resourceType: 'CodeSystem',
      id: idOf(url),
      url,
      name: nameOf(idOf(url)),
      title,
      status: 'active',
      caseSensitive: true,
      content: concept === undefined ? 'not-present' : 'complete',
      ...(concept !== undefined && { concept }),
    },
  ]),
  [`StructureDefinition/${idOf(STEP_URL)}`, timelineStep()],
]);

function timelineStep(): Resource {
  return {
    resourceType: 'StructureDefinition',
    id: idOf(STEP_URL),
    url: STEP_URL,
    name: 'TimelineStep',
    title: 'Step of a timeline',
    status: 'active',
    description:
      'What a Provenance of $timeline says of a referral beyond R4: kind, row, state and deliveries.',
    fhirVersion: '4.0.1',
    kind: 'complex-type',
    abstract: false,
    context: [{ type: 'element', expression: 'Provenance' }],
    type: 'Extension',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Extension',
    derivation: 'constraint',
    differential: {
      element: [
        { id: 'Extension', path: 'Extension' },
        { id: 'Extension.extension', path: 'Extension.extension', min: 1 },
        { id: 'Extension.url', path: 'Extension.url', fixedUri: STEP_URL },
        { id: 'Extension.value[x]', path: 'Extension.value[x]', max: '0' },
      ],
    },
  };
}

/** @returns undefined for what is not one of them */
export const ownDefinition = (ref: Ref): Resource | undefined => DEFINITIONS.get(ref);
