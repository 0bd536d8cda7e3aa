/** Coverage as a Coverage Activity with its Policy Activity. */
import { table } from '../../table.ts';
import type { Identifier, Period, Reference, Resource } from '../../../fhir/types.ts';
import { addresses, organizationName, partyOf, personName, telecoms } from '../party.ts';
import { template, templateIds } from '../templates.ts';
import { code, concept, idsOf, interval, rootOf } from '../values.ts';
import { element, nothing, texted, type Xml } from '../../../xml/elements.ts';
import { lose, loseOthers, type Writing } from '../writing.ts';
import {
  codeOf,
  conceptAt,
  listAt,
  OID,
  reference,
  referenceAt,
  status,
  stringAt,
  wordsOf,
  type WriteEntry,
} from './entry.ts';

const CARRIED = [
  'identifier',
  'status',
  'type',
  'subscriber',
  'subscriberId',
  'beneficiary',
  'relationship',
  'period',
  'payor',
  'class',
];
const ROLE_CODE = '2.16.840.1.113883.5.111';

export const COVERAGE_COLUMNS = ['Payer', 'Plan', 'Member'] as const;

interface CoverageClass {
  readonly type?: { readonly coding?: readonly { readonly code?: string }[] };
  readonly value?: string;
  readonly name?: string;
}

export const writeCoverage: WriteEntry = (writing, coverage, pieces) => {
  const payer = partyOf(writing, listAt<Reference>(coverage, 'payor')[0]).organization;
  const classes = listAt<CoverageClass>(coverage, 'class');
  const named = (kind: string) => classes.find(({ type }) => codeOf(type as never) === kind);
  const plan = named('plan');
  const member = memberId(writing, coverage);
  const cells = [
    (payer?.['name'] as string | undefined) ?? '',
    plan?.name ?? plan?.value ?? wordsOf(conceptAt(coverage, 'type')),
    stringAt(coverage, 'subscriberId') ?? '',
  ];
  if (payer === undefined || stringAt(coverage, 'status') !== 'active') {
    lose(
      writing,
      'unmapped',
      coverage,
      'payor',
      'a coverage that is not active, or whose payer is not told, is told in the narrative alone',
    );
    return { entry: undefined, cells };
  }
  loseOthers(writing, coverage, CARRIED);
  loseParts(writing, coverage);
  const patient = writing.lookUp(referenceAt(coverage, 'beneficiary'));
  const group = named('group')?.value;
  const policy = element(
    'act',
    { classCode: 'ACT', moodCode: 'EVN' },
    templateIds(template('4.61', '2015-08-01')),
    group === undefined
      ? element('id', { root: writing.actId(`policy ${coverage.id ?? ''}`) })
      : element('id', { root: writing.actId(`payer ${payer.id ?? ''}`), extension: group }),
    typeOf(writing, coverage),
    status('completed'),
    element(
      'performer',
      { typeCode: 'PRF' },
      templateIds(template('4.87')),
      element(
        'assignedEntity',
        {},
        idsOf(writing, payer),
        code('code', 'PAYOR', '2.16.840.1.113883.5.110'),
        addresses(payer),
        telecoms(payer),
        element('representedOrganization', {}, organizationName(payer), telecoms(payer), addresses(payer)),
      ),
    ),
    covered(coverage, patient, member),
    planReference(writing, coverage, plan),
  );
  const act = element(
    'act',
    { classCode: 'ACT', moodCode: 'EVN' },
    templateIds(template('4.60', '2015-08-01')),
    idsOf(writing, coverage),
    code('code', '48768-6', OID.loinc, 'Payment sources'),
    reference(pieces.row),
    status('completed'),
    element('entryRelationship', { typeCode: 'COMP' }, policy),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, act), cells };
};

/** The number of the member: an identifier of type MB, else the subscriber's. */
function memberId(writing: Writing, coverage: Resource): Xml {
  const identifiers = listAt<Identifier>(coverage, 'identifier');
  const typed =
    identifiers.find(({ type }) => type?.coding?.some((one) => one.code === 'MB') === true) ?? identifiers[0];
  const root = typed === undefined ? undefined : rootOf(typed);
  if (root !== undefined) return element('id', root);
  const subscriber = stringAt(coverage, 'subscriberId');
  return element('id', { root: writing.actId(`members ${coverage.id ?? ''}`), extension: subscriber });
}

const RELATIONSHIPS: Readonly<Record<string, string>> = table({
  self: 'SELF',
  spouse: 'SPS',
  child: 'CHILD',
  parent: 'PRN',
  other: 'FAMDEP',
});

function covered(coverage: Resource, patient: Resource | undefined, member: Xml): Xml {
  const period = coverage['period'] as Period | undefined;
  const relationship = RELATIONSHIPS[codeOf(conceptAt(coverage, 'relationship')) ?? 'self'] ?? 'FAMDEP';
  return element(
    'participant',
    { typeCode: 'COV' },
    templateIds(template('4.89')),
    period === undefined ? undefined : interval('time', period),
    element(
      'participantRole',
      { classCode: 'PAT' },
      member,
      code('code', relationship, ROLE_CODE),
      addresses(patient),
      element('playingEntity', {}, personName(patient), birthOf(patient)),
    ),
  );
}

const birthOf = (patient: Resource | undefined): Xml => {
  const birth = patient === undefined ? undefined : stringAt(patient, 'birthDate');
  return birth === undefined
    ? nothing('sdtc:birthTime', 'UNK')
    : element('sdtc:birthTime', { value: birth.replaceAll('-', '') });
};

/** The kind of insurance: the template asks for a translation. */
const typeOf = (writing: Writing, coverage: Resource): Xml =>
  concept(writing, 'code', conceptAt(coverage, 'type'), { also: [nothing('translation', 'UNK')] });

/** What of a coverage has no place, or only one of its values. */
function loseParts(writing: Writing, coverage: Resource): void {
  const [, ...payors] = listAt(coverage, 'payor');
  if (payors.length > 0) lose(writing, 'unmapped', coverage, 'payor', 'only the first payer is told');
  const classes = listAt<CoverageClass>(coverage, 'class').map(({ type }) => codeOf(type as never) ?? '');
  if (classes.some((kind, index) => !/^(?:group|plan)$/.test(kind) || classes.indexOf(kind) !== index))
    lose(writing, 'unmapped', coverage, 'class', 'C-CDA has one group and one plan');
  if (
    listAt<CoverageClass>(coverage, 'class').some(
      ({ type, name }) => name !== undefined && codeOf(type as never) === 'group',
    )
  )
    lose(writing, 'unmapped', coverage, 'class.name', 'the name of a group');
  const said = codeOf(conceptAt(coverage, 'relationship'));
  if (said !== undefined && (RELATIONSHIPS[said] ?? '') === '')
    lose(writing, 'narrowed', coverage, 'relationship', 'C-CDA has no code for the relationship');
  if (said === undefined)
    lose(writing, 'defaulted', coverage, 'relationship', 'the patient is the subscriber');
  const identifiers = listAt<Identifier>(coverage, 'identifier');
  if (identifiers.length > 1)
    lose(writing, 'unmapped', coverage, 'identifier', 'only the number of the member is told');
  const subscriber = stringAt(coverage, 'subscriberId');
  if (
    subscriber !== undefined &&
    identifiers.length > 0 &&
    identifiers.every(({ value }) => value !== subscriber)
  )
    lose(writing, 'unmapped', coverage, 'subscriberId', 'the number of the member is told instead');
  const holder = referenceAt(coverage, 'subscriber');
  if (holder !== undefined && holder.reference !== referenceAt(coverage, 'beneficiary')?.reference)
    lose(writing, 'unmapped', coverage, 'subscriber', 'who holds the policy is not told');
}

/** What the policy is of, by its name and its number. */
const planReference = (writing: Writing, coverage: Resource, plan: CoverageClass | undefined): Xml =>
  element(
    'entryRelationship',
    { typeCode: 'REFR' },
    element(
      'act',
      { classCode: 'ACT', moodCode: 'DEF' },
      plan?.value === undefined
        ? nothing('id', 'NI')
        : element('id', { root: writing.actId(`plan ${coverage.id ?? ''}`), extension: plan.value }),
      nothing('code', 'NA'),
      plan === undefined ? undefined : texted('text', plan.name ?? plan.value),
    ),
  );
