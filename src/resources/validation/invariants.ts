/**
 * The invariants of R4 that have severity error, for the datatypes and for the resource types that are served. Each is
 * the published rule in this language; the published expression is its oracle in the tests. They are asked only of what
 * is structurally sound. (`ele-1`, `dom-*`, `txt-*` and `ref-1` stand with the structure they are about.)
 */
import { isAfter } from './moments.ts';

export type Tree = Readonly<Record<string, unknown>>;

export interface Invariant {
  readonly key: string;
  readonly says: string;
  readonly holds: (value: Tree) => boolean;
}

const UCUM = 'http://unitsofmeasure.org';

const row = (key: string, says: string, holds: Invariant['holds']): Invariant => ({ key, says, holds });
const together = (key: string, one: string, other: string): Invariant =>
  row(key, `${one} needs ${other}`, (value) => !has(value, one) || has(value, other));
const anyOf = (key: string, ...names: readonly string[]): Invariant =>
  row(key, `one of ${names.join(', ')} must be there`, (value) => names.some((name) => has(value, name)));
const notBoth = (key: string, one: string, other: string): Invariant =>
  row(key, `${one} and ${other} exclude each other`, (value) => !has(value, one) || !has(value, other));
const oneOf = (key: string, one: string, other: string): Invariant =>
  row(
    key,
    `exactly one of ${one} and ${other} must be there`,
    (value) => has(value, one) !== has(value, other),
  );
const notNegative = (key: string, name: string): Invariant =>
  row(key, `${name} must not be negative`, (value) => !(Number(value[name]) < 0));
const notAtHome = (key: string, name: string): Invariant =>
  row(key, `${name} of an organization is never of use home`, (value) =>
    treesOf(value, name).every(({ use }) => use !== 'home'),
  );

const inUcum = ({ system }: Tree): boolean => system === undefined || system === UCUM;
const QUANTITY: readonly Invariant[] = [together('qty-3', 'code', 'system')];
const BUNDLE_HISTORY = ['history'];

/** By type: a resource, a datatype, or an inner structure. */
export const INVARIANTS: Readonly<Record<string, readonly Invariant[]>> = {
  // — datatypes
  Age: [
    ...QUANTITY,
    row(
      'age-1',
      'a value needs a code, of UCUM, and is positive',
      (age) => (has(age, 'code') || !has(age, 'value')) && inUcum(age) && !(Number(age['value']) <= 0),
    ),
  ],
  Attachment: [together('att-1', 'data', 'contentType')],
  ContactPoint: [together('cpt-2', 'value', 'system')],
  Count: [
    ...QUANTITY,
    row(
      'cnt-3',
      'a value needs the code 1 of UCUM and is a whole number',
      (count) =>
        (has(count, 'code') || !has(count, 'value')) &&
        inUcum(count) &&
        (count['code'] ?? '1') === '1' &&
        Number.isInteger(count['value'] ?? 0),
    ),
  ],
  'DataRequirement.codeFilter': [oneOf('drq-1', 'path', 'searchParam')],
  'DataRequirement.dateFilter': [oneOf('drq-2', 'path', 'searchParam')],
  Distance: [
    ...QUANTITY,
    row(
      'dis-1',
      'a value needs a code of UCUM',
      (distance) => (has(distance, 'code') || !has(distance, 'value')) && inUcum(distance),
    ),
  ],
  Duration: [
    ...QUANTITY,
    row(
      'drt-1',
      'a code is of UCUM and needs a value',
      (duration) => !has(duration, 'code') || (duration['system'] === UCUM && has(duration, 'value')),
    ),
  ],
  Expression: [anyOf('exp-1', 'expression', 'reference')],
  Extension: [oneOf('ext-1', 'value[x]', 'extension')],
  Period: [row('per-1', 'start must not be after end', ({ start, end }) => !isAfter(start, end))],
  Quantity: QUANTITY,
  Range: [
    row(
      'rng-2',
      'low must not be above high',
      (range) => !isAbove(treeOf(range, 'low'), treeOf(range, 'high')),
    ),
  ],
  Ratio: [
    row(
      'rat-1',
      'numerator and denominator come together; without them there is an extension',
      (ratio) =>
        has(ratio, 'numerator') === has(ratio, 'denominator') &&
        (has(ratio, 'numerator') || has(ratio, 'extension')),
    ),
  ],
  'Timing.repeat': [
    together('tim-1', 'duration', 'durationUnit'),
    together('tim-2', 'period', 'periodUnit'),
    notNegative('tim-4', 'duration'),
    notNegative('tim-5', 'period'),
    together('tim-6', 'periodMax', 'period'),
    together('tim-7', 'durationMax', 'duration'),
    together('tim-8', 'countMax', 'count'),
    row(
      'tim-9',
      'offset needs a when, other than C, CM, CD and CV',
      (repeat) =>
        !has(repeat, 'offset') ||
        (has(repeat, 'when') &&
          !['C', 'CM', 'CD', 'CV'].some((meal) => listOf(repeat, 'when').includes(meal))),
    ),
    notBoth('tim-10', 'timeOfDay', 'when'),
  ],
  TriggerDefinition: [
    notBoth('trd-1', 'data', 'timing[x]'),
    together('trd-2', 'condition', 'data'),
    row('trd-3', 'a named event needs a name, a periodic one timing, a data event data', (trigger) =>
      has(
        trigger,
        NEEDED[String(trigger['type'])] ?? (String(trigger['type']).startsWith('data-') ? 'data' : 'type'),
      ),
    ),
  ],

  // — resources
  Appointment: [
    row(
      'app-2',
      'start and end come together',
      (appointment) => has(appointment, 'start') === has(appointment, 'end'),
    ),
    row(
      'app-3',
      'only a proposed, cancelled or waitlisted appointment may lack start and end',
      (appointment) =>
        (has(appointment, 'start') && has(appointment, 'end')) ||
        ['proposed', 'cancelled', 'waitlist'].includes(String(appointment['status'])),
    ),
    row(
      'app-4',
      'cancelationReason is for appointments that are cancelled or noshow',
      (appointment) =>
        !has(appointment, 'cancelationReason') ||
        ['noshow', 'cancelled'].includes(String(appointment['status'])),
    ),
  ],
  'Appointment.participant': [anyOf('app-1', 'type', 'actor')],
  'AuditEvent.entity': [notBoth('sev-1', 'name', 'query')],
  Bundle: [
    row(
      'bdl-1',
      'total is for searchset and history',
      (bundle) => !has(bundle, 'total') || ['searchset', ...BUNDLE_HISTORY].includes(String(bundle['type'])),
    ),
    row(
      'bdl-2',
      'entry.search is for searchset',
      (bundle) =>
        bundle['type'] === 'searchset' || treesOf(bundle, 'entry').every((entry) => !has(entry, 'search')),
    ),
    row('bdl-3', 'entry.request is for batch, transaction and history, and required there', (bundle) =>
      everyEntry(bundle, 'request', ['batch', 'transaction', ...BUNDLE_HISTORY]),
    ),
    row(
      'bdl-4',
      'entry.response is for batch-response, transaction-response and history, and required there',
      (bundle) =>
        everyEntry(bundle, 'response', ['batch-response', 'transaction-response', ...BUNDLE_HISTORY]),
    ),
    row(
      'bdl-7',
      'a fullUrl stands once, or with different meta.versionId',
      (bundle) => bundle['type'] === 'history' || isDistinct(treesOf(bundle, 'entry').flatMap(versionedUrl)),
    ),
    row(
      'bdl-9',
      'a document needs an identifier with system and value',
      (bundle) =>
        bundle['type'] !== 'document' ||
        (has(treeOf(bundle, 'identifier'), 'system') && has(treeOf(bundle, 'identifier'), 'value')),
    ),
    row(
      'bdl-10',
      'a document needs a timestamp',
      ({ type, timestamp }) => type !== 'document' || timestamp !== undefined,
    ),
    row(
      'bdl-11',
      'a document begins with a Composition',
      (bundle) => bundle['type'] !== 'document' || firstType(bundle) === 'Composition',
    ),
    row(
      'bdl-12',
      'a message begins with a MessageHeader',
      (bundle) => bundle['type'] !== 'message' || firstType(bundle) === 'MessageHeader',
    ),
  ],
  'Bundle.entry': [
    anyOf('bdl-5', 'resource', 'request', 'response'),
    row('bdl-8', 'fullUrl is not a version', ({ fullUrl }) => !String(fullUrl).includes('/_history/')),
  ],
  'Composition.section': [
    anyOf('cmp-1', 'text', 'entry', 'section'),
    notBoth('cmp-2', 'emptyReason', 'entry'),
  ],
  Condition: [
    row(
      'con-4',
      'an abated condition is inactive, resolved or in remission',
      (condition) =>
        !has(condition, 'abatement[x]') ||
        codings(condition, 'clinicalStatus').some(
          ({ system, code }) =>
            system === 'http://terminology.hl7.org/CodeSystem/condition-clinical' &&
            ['resolved', 'remission', 'inactive'].includes(String(code)),
        ),
    ),
    row(
      'con-5',
      'what is entered in error has no clinicalStatus',
      (condition) =>
        !has(condition, 'clinicalStatus') ||
        !codings(condition, 'verificationStatus').some(
          ({ system, code }) =>
            system === 'http://terminology.hl7.org/CodeSystem/condition-ver-status' &&
            code === 'entered-in-error',
        ),
    ),
  ],
  'Condition.stage': [anyOf('con-1', 'summary', 'assessment')],
  'Condition.evidence': [anyOf('con-2', 'code', 'detail')],
  // ppc-2 to ppc-5 ask for a code of the system "something", so nothing can break them.
  Consent: [anyOf('ppc-1', 'policy', 'policyRule')],
  Observation: [
    notBoth('obs-6', 'dataAbsentReason', 'value[x]'),
    row(
      'obs-7',
      'with a component of the same code there is no value',
      (observation) =>
        !has(observation, 'value[x]') ||
        !treesOf(observation, 'component').some((component) => shareCoding(component, observation)),
    ),
  ],
  'Observation.referenceRange': [anyOf('obs-3', 'low', 'high', 'text')],
  Organization: [
    anyOf('org-1', 'name', 'identifier'),
    notAtHome('org-2', 'address'),
    notAtHome('org-3', 'telecom'),
  ],
  'Parameters.parameter': [
    row(
      'inv-1',
      'exactly one of value[x], resource and part must be there',
      (parameter) => ['value[x]', 'resource', 'part'].filter((name) => has(parameter, name)).length === 1,
    ),
  ],
  'Patient.contact': [anyOf('pat-1', 'name', 'telecom', 'address', 'organization')],
  ServiceRequest: [together('prr-1', 'orderDetail', 'code')],
  Task: [
    row(
      'inv-1',
      'lastModified must not be before authoredOn',
      ({ authoredOn, lastModified }) => !isAfter(authoredOn, lastModified),
    ),
  ],
};

const NEEDED: Readonly<Record<string, string>> = { 'named-event': 'name', periodic: 'timing[x]' };

/** An element is there: by its value, or by extensions that stand for it; `value[x]` in any of its types. */
function has(value: Tree, name: string): boolean {
  if (!name.endsWith('[x]')) return value[name] !== undefined || value[`_${name}`] !== undefined;
  const start = name.slice(0, -3);
  return Object.keys(value).some((property) => {
    const plain = property.replace(/^_/, '');
    return plain.startsWith(start) && /^[A-Z]/.test(plain.slice(start.length));
  });
}

function treeOf(value: Tree, name: string): Tree {
  return (value[name] ?? {}) as Tree; // asked only of what is sound, and only of structures
}

function treesOf(value: Tree, name: string): readonly Tree[] {
  return (value[name] ?? []) as readonly Tree[]; // asked only of what is sound, and only of lists of structures
}

function listOf(value: Tree, name: string): readonly unknown[] {
  return (value[name] ?? []) as readonly unknown[]; // asked only of what is sound, and only of lists
}

function codings(value: Tree, name: string): readonly Tree[] {
  return treesOf(treeOf(value, name), 'coding');
}

/** Both are numbers of the same unit, and the first is greater. */
function isAbove(low: Tree, high: Tree): boolean {
  const sameUnit =
    low['code'] === high['code'] && low['system'] === high['system'] && low['unit'] === high['unit'];
  return sameUnit && Number(low['value']) > Number(high['value']);
}

function everyEntry(bundle: Tree, name: string, types: readonly string[]): boolean {
  const required = types.includes(String(bundle['type']));
  return treesOf(bundle, 'entry').every((entry) => has(entry, name) === required);
}

function versionedUrl({ fullUrl, resource }: Tree): readonly string[] {
  const { versionId } = treeOf((resource ?? {}) as Tree, 'meta'); // a resource is a structure
  return fullUrl === undefined ? [] : [JSON.stringify([fullUrl, versionId])];
}

function isDistinct(list: readonly string[]): boolean {
  return new Set(list).size === list.length;
}

function firstType(bundle: Tree): unknown {
  const first = treesOf(bundle, 'entry')[0];
  return first === undefined ? undefined : treeOf(first, 'resource')['resourceType'];
}

function shareCoding(one: Tree, other: Tree): boolean {
  const texts = new Set(codings(one, 'code').map((coding) => JSON.stringify(coding)));
  return codings(other, 'code').some((coding) => texts.has(JSON.stringify(coding)));
}
