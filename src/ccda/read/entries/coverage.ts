/** Coverage Activity and Policy Activity: a Coverage for each policy. */
import { table } from '../../table.ts';
import type { Identifier, Reference } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf, hasTemplate, isNegated, lineOf } from '../../element.ts';
import { IDENTIFIER_TYPES, V2_0203 } from '../../../fhir/identifier.ts';
import { readConcept } from '../concept.ts';
import { actIn, isKind, isMeant, statusOf, TEMPLATES, type EntryContext } from '../entry.ts';
import { readIdentifiers } from '../identifier.ts';
import { readOrganization } from '../parties.ts';
import { add, lose, type Reading } from '../reading.ts';
import { isNullified } from '../standing.ts';
import { readText } from '../text.ts';
import { periodOf, readInterval } from '../time.ts';

export const isCoverage = (act: XmlElement): boolean => isKind(act, '4.60', '48768-6');

const CLASS = 'http://terminology.hl7.org/CodeSystem/coverage-class';
const RELATIONSHIP = 'http://terminology.hl7.org/CodeSystem/subscriber-relationship';

/** RoleCode of the covered person: how they are related to the subscriber. */
const RELATIONSHIPS: Readonly<Record<string, string>> = table({
  SELF: 'self',
  SUBSCR: 'self',
  FAMDEP: 'other',
  SPS: 'spouse',
  HUSB: 'spouse',
  WIFE: 'spouse',
  CHILD: 'child',
  DEPC: 'child',
  PRN: 'parent',
});

export function readCoverage(context: EntryContext, act: XmlElement): void {
  const policies = childrenOf(act, 'entryRelationship').flatMap((element) => {
    const inner = actIn(element);
    return inner?.name === 'act' ? [inner] : [];
  });
  for (const policy of policies) if (!isLeft(context.reading, policy)) addPolicy(context, policy);
  if (policies.length === 0) lose(context.reading, 'unmapped', act, 'the coverage has no policy');
}

/** ActStatus of the coverage, or of a policy of it. */
const ENDED = /^(?:aborted|cancelled|obsolete)$/;

/** Whether a policy says that there is none, or will be. */
function isLeft(reading: Reading, policy: XmlElement): boolean {
  const isNone = isNegated(policy) || isMeant(policy);
  if (isNone) lose(reading, 'unmapped', policy, 'a policy that is denied or meant is no coverage');
  return isNone;
}

function statusIn(reading: Reading, policy: XmlElement): string {
  if (isNullified(reading, policy)) return 'entered-in-error';
  const around = reading.document.parentOf(reading.document.parentOf(policy) ?? policy) ?? policy;
  return [policy, around].some((act) => ENDED.test(statusOf(act))) ? 'cancelled' : 'active';
}

function addPolicy({ reading, patient }: EntryContext, policy: XmlElement): void {
  const covered = participantOf(policy, 'COV');
  const holder = participantOf(policy, 'HLD');
  const role = childOf(covered, 'participantRole');
  const [member, ...others] = readIdentifiers(reading, role);
  const type = { coding: [{ system: V2_0203, code: IDENTIFIER_TYPES.member }] };
  const payor = payerOf(reading, policy);
  if (payor === undefined)
    lose(reading, 'defaulted', policy, 'the policy names no payer: the patient stands for it');
  add(reading, {
    resourceType: 'Coverage',
    identifier: member === undefined ? [] : [{ type, ...member }, ...others],
    status: statusIn(reading, policy),
    type: readConcept(reading, childOf(policy, 'code')),
    subscriber: isSelf(role) ? patient : subscriberOf(reading, holder),
    subscriberId: readIdentifiers(reading, childOf(holder, 'participantRole'))[0]?.value ?? member?.value,
    beneficiary: patient,
    relationship: relationshipOf(role),
    period: periodOf(readInterval(reading, childOf(covered, 'time'))),
    payor: [payor ?? patient],
    class: [...groupsOf(reading, policy), ...plansOf(reading, policy)],
  });
}

const participantOf = (policy: XmlElement, type: string): XmlElement | undefined =>
  childrenOf(policy, 'participant').find((one) => attributeOf(one, 'typeCode') === type);

function payerOf(reading: Reading, policy: XmlElement): Reference | undefined {
  const performers = childrenOf(policy, 'performer');
  const payer = performers.find((one) => hasTemplate(one, `${TEMPLATES}.4.87`)) ?? performers[0];
  return readOrganization(reading, at(payer, 'assignedEntity', 'representedOrganization'));
}

const relationshipCode = (role: XmlElement | undefined): string | undefined =>
  RELATIONSHIPS[attributeOf(childOf(role, 'code'), 'code') ?? ''];

const isSelf = (role: XmlElement | undefined): boolean => relationshipCode(role) === 'self';

const relationshipOf = (role: XmlElement | undefined): object | undefined => {
  const code = relationshipCode(role);
  return code === undefined ? undefined : { coding: [{ system: RELATIONSHIP, code }] };
};

/** Somebody else who holds the policy, by name: no chart of theirs is here. */
function subscriberOf(reading: Reading, holder: XmlElement | undefined): Reference | undefined {
  const display = lineOf(at(holder, 'participantRole', 'playingEntity', 'name'));
  if (holder !== undefined && display === undefined)
    lose(reading, 'unmapped', holder, 'the holder of the policy has no name');
  return display === undefined ? undefined : { display };
}

/** The id of the policy is that of its group. */
const groupsOf = (reading: Reading, policy: XmlElement): readonly object[] =>
  readIdentifiers(reading, policy).flatMap(({ value }: Identifier) =>
    value === undefined || value.startsWith('urn:') ? [] : [coverageClass('group', value)],
  );

const coverageClass = (code: string, value: string, name?: string): object => ({
  type: { coding: [{ system: CLASS, code }] },
  value,
  ...(name !== undefined && { name }),
});

function plansOf(reading: Reading, policy: XmlElement): readonly object[] {
  return childrenOf(policy, 'entryRelationship')
    .filter((element) => attributeOf(element, 'typeCode') === 'REFR')
    .flatMap((element) => {
      const plan = actIn(element);
      const name = readText(reading, childOf(plan, 'text'));
      const [id] = plan === undefined ? [] : readIdentifiers(reading, plan);
      const value = id?.value ?? name;
      return value === undefined ? [] : [coverageClass('plan', value, name)];
    });
}
