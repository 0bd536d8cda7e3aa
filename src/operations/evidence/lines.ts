/** The evidence of a referral in lines: what a table, a CSV file and a printed page show alike. */
import type { AuditEvent, Resource } from '../../fhir/types.ts';
import { BASES, isBasis } from '../../policies/basis.ts';
import { TRANSITION_SYSTEM } from '../../resources/audit-patterns.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import type { ReferralEvidence } from './gather.ts';

export interface EvidenceTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function evidenceTables(evidence: ReferralEvidence): readonly EvidenceTable[] {
  return [referralTable(evidence), recordTable(evidence), eventTable(evidence)];
}

const DISCLOSURE_BASIS = 'https://closeloop.dev/fhir/StructureDefinition/disclosure-basis';
const BASIS_URL = 'https://closeloop.dev/fhir/basis/';

/** Who referred whom, why, on which basis, and how it ended. */
function referralTable({ order, tasks }: ReferralEvidence): EvidenceTable {
  const [basis] = (valuesAt(order, 'extension') as readonly { url?: string; extension?: readonly object[] }[])
    .filter(({ url }) => url === DISCLOSURE_BASIS)
    .flatMap(({ extension = [] }) => extension)
    .flatMap((one) => valuesAt(one, 'valueCoding.code')); // extensions of a validated resource
  const code = typeof basis === 'string' && isBasis(basis) ? basis : 'treatment';
  const about: readonly (readonly [string, string])[] = [
    ['order', `ServiceRequest/${order.id ?? ''}`],
    ['referred by', localRef(order['requester']) ?? ''],
    [
      'referred to',
      valuesAt(order, 'performer')
        .flatMap((one) => localRef(one) ?? [])
        .join(' '),
    ],
    ['ordered', textOf(order, 'authoredOn')],
    ['service', conceptText(order, 'code')],
    ['reason', conceptText(order, 'reasonCode')],
    ['basis', code],
    ['law', `45 CFR ${BASES[code].section}`],
    ...tasks.map((task): readonly [string, string] => [
      `Task/${task.id ?? ''}`,
      [textOf(task, 'status'), conceptText(task, 'businessStatus'), textOf(task, 'lastModified')]
        .filter((word) => word !== '')
        .join(' · '),
    ]),
  ];
  return { title: 'Referral', columns: ['what', 'value'], rows: about };
}

/** What went along, and when the other side opened it first. */
function recordTable({ records, events }: ReferralEvidence): EvidenceTable {
  const rows = records.map(({ ref, seq, resource }) => {
    const about = events.filter((event) => namesIn(event).some((name) => name.startsWith(`${ref}/`)));
    const sent = about.find(({ type, outcome }) => type.code === '110106' && outcome === '0');
    const opened = about.find(({ action, outcome }) => action === 'R' && outcome === '0');
    return [
      ref,
      resource === undefined ? '' : titleOf(resource),
      String(seq),
      sent?.recorded ?? '',
      sent === undefined ? '' : detailOf(sent, 'rail'),
      sent === undefined ? '' : detailOf(sent, 'sha256'),
      sent === undefined ? '' : detailOf(sent, 'notice'),
      opened?.recorded ?? '',
    ];
  });
  const columns = ['record', 'title', 'version', 'sent', 'rail', 'sha256', 'notice', 'first opened'];
  return { title: 'Records', columns, rows };
}

function eventTable({ events }: ReferralEvidence): EvidenceTable {
  const rows = events.map((event) => {
    const move = event.subtype?.find(({ system }) => system === TRANSITION_SYSTEM);
    const organization = event.agent
      .map(({ who }) => who?.reference ?? '')
      .find((ref) => ref.startsWith('Organization/'));
    const [first] = event.agent;
    const policy = event.agent
      .flatMap((agent) => agent.policy ?? [])
      .find((one) => one.startsWith(BASIS_URL));
    return [
      event.id ?? '',
      event.recorded,
      event.subtype?.[0]?.code ?? '',
      move === undefined ? '' : `${move.code ?? ''} ${move.display ?? ''}`,
      organization ?? '',
      first?.name ?? first?.who?.reference ?? first?.who?.identifier?.value ?? '',
      event.outcome ?? '',
      event.outcomeDesc ?? '',
      namesIn(event).join(' '),
      detailOf(event, 'rail'),
      policy?.slice(BASIS_URL.length) ?? '',
      detailOf(event, 'exception'),
    ];
  });
  const columns = [
    'event',
    'recorded',
    'what',
    'move',
    'organization',
    'by',
    'outcome',
    'why',
    'resources',
    'rail',
    'basis',
    'exception',
  ];
  return { title: 'Events', columns, rows };
}

const namesIn = ({ entity = [] }: AuditEvent): readonly string[] =>
  entity.flatMap(({ what, role }) =>
    role?.code === '4' && what?.reference !== undefined ? [what.reference] : [],
  );

const detailOf = ({ entity = [] }: AuditEvent, name: string): string =>
  entity.flatMap(({ detail = [] }) => detail).find(({ type }) => type === name)?.valueString ?? '';

const textOf = (resource: Resource, path: string): string =>
  valuesAt(resource, path)
    .filter((value) => typeof value === 'string')
    .join(' ');

/** Words of concepts: their text, else what their codes are called, else the codes. */
const conceptText = (resource: Resource, path: string): string =>
  valuesAt(resource, path)
    .flatMap(
      (concept) =>
        [
          valuesAt(concept, 'text'),
          valuesAt(concept, 'coding.display'),
          valuesAt(concept, 'coding.code'),
        ].find((found) => found.length > 0) ?? [],
    )
    .filter((value) => typeof value === 'string')
    .join('; ');

const titleOf = (resource: Resource): string =>
  textOf(resource, 'description') ||
  textOf(resource, 'title') ||
  conceptText(resource, 'type') ||
  conceptText(resource, 'code') ||
  resource.resourceType;
