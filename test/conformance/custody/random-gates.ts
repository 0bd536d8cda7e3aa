/** Worlds with kinds of parties, sensitive content, notes, and Consents that permit; and who may be told what there. */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { administrator, type Stored, type World } from '../../world.ts';
import { actor, consentOf, label, withProvision } from '../../unit/policies/consent/consents.ts';
import {
  KINDS_WITH_DENIALS,
  orderOf,
  ORGANIZATIONS,
  post,
  TPO_CLASS,
  type Move,
  type Table,
} from './random-world.ts';
import { referencesAt, valuesAt, type Guarded, type OracleGuard, type SightOracle } from './sight-oracle.ts';

const OURS = 'https://closeloop.dev/fhir';
const PARTY_KIND = `${OURS}/CodeSystem/party-kind`;
const LASTING = { start: '2020', end: '2999' };

/** The kinds of a world's organizations; none: as it is by default, a provider. */
const KIND_SETS: readonly (readonly string[])[] = [
  [],
  ['part2-program'],
  [],
  ['part2-program'],
  ['community-organization'],
  ['health-plan'],
];

/** An administrator gives each organization kinds. */
export async function giveKinds(world: World, rolls: readonly number[]): Promise<void> {
  for (const [at, id] of ORGANIZATIONS.entries()) {
    const kinds = KIND_SETS[(rolls[at] ?? 0) % KIND_SETS.length] ?? [];
    await world.ask(administrator, 'PUT', `Organization/${id}`, withKinds(id, kinds));
  }
}

const withKinds = (id: string, kinds: readonly string[]): Resource =>
  make.organization(id, {
    ...(kinds.length > 0 && { type: kinds.map((code) => ({ coding: [{ system: PARTY_KIND, code }] })) }),
  });

const ICD = 'http://hl7.org/fhir/sid/icd-10-cm';
const CODES = ['F11.20', 'B20', 'A51.0', 'I10'];

/** What the worlds of the gates do beside those of reach. */
export const GATE_MOVES: Readonly<Record<string, Move>> = {
  sensitive: (t) =>
    post(
      t,
      make.condition(t.any('Patient'), { code: { coding: [{ system: ICD, code: t.dice.pick(CODES) }] } }),
    ),
  reason: (t) =>
    post(t, {
      ...orderOf(t),
      reasonCode: [{ coding: [{ system: ICD, code: t.dice.pick(CODES) }] }],
    }),
  note: (t) =>
    post(
      t,
      make.observation(t.any('Patient'), {
        extension: [{ url: `${OURS}/StructureDefinition/psychotherapy-note`, valueBoolean: true }],
      }),
    ),
  tpo: (t) => permit(t, 'part2-tpo', t.dice.roll(2) === 0 ? TPO_CLASS : t.party()),
  authorize: (t) => permit(t, 'hipaa-auth', t.party(), t.dice.pick(['PSYTHPN', 'SUD', 'ETH', 'HIV', 'STD'])),
  kind: ({ dice }) => {
    const id = dice.pick(ORGANIZATIONS) ?? 'a';
    return [administrator, 'PUT', `Organization/${id}`, withKinds(id, dice.pick(KIND_SETS) ?? [])];
  },
};

/** What is drawn in these worlds. */
export const KINDS_WITH_GATES: readonly string[] = [
  ...KINDS_WITH_DENIALS,
  'sensitive',
  'sensitive',
  'sensitive',
  'reason',
  'reason',
  'reason',
  'note',
  'note',
  'kind',
  'tpo',
  'tpo',
  'tpo',
  'tpo',
  'authorize',
  'authorize',
];

/** A Consent of the caller's that permits; one in four lacks its statements, and some have ended. */
function permit(t: Table, kind: 'part2-tpo' | 'hipaa-auth', to: string, code?: string) {
  const whole = consentOf(kind, {
    patient: make.to(t.any('Patient')),
    performer: [make.to(t.any('Patient'))],
    organization: [{ reference: t.caller.organization ?? '' }],
  });
  const { sourceReference: _, ...complete } = withProvision(whole, {
    period: t.dice.roll(5) === 0 ? { end: '2025' } : LASTING,
    actor: [actor('CST', t.caller.organization ?? ''), actor('IRCP', to)],
    ...(code !== undefined && { securityLabel: [label(code)] }),
  });
  const { extension = [], ...bare } = complete;
  return post(t, {
    ...bare,
    sourceAttachment: { title: 'signed form', url: 'https://forms.example.org/1' },
    ...(t.dice.roll(4) > 0 && { extension }),
  } as unknown as Resource); // a Consent
}

// — who may be told, from the stored facts alone

const labelsOf = (one: Stored): readonly string[] => valuesAt(one, 'meta.security.code') as readonly string[];
const kindsOf = (oracle: SightOracle, org: Ref): readonly string[] => {
  const named = valuesAt(oracle.newest(org)?.json, 'type.coding').flatMap((coding) => {
    const { system, code } = coding as { system?: string; code?: string };
    return system === PARTY_KIND && code !== undefined ? [code] : [];
  });
  const all = named.length === 0 ? ['provider'] : named;
  return all.includes('part2-program') ? [...all, 'provider'] : all;
};

/** The sources that the label of Part 2 names. */
const sourcesOf = (one: Stored): readonly Ref[] =>
  (valuesAt(one, 'meta.security') as readonly { code?: string; extension?: readonly object[] }[])
    .filter(({ code }) => code === '42CFRPart2')
    .flatMap(({ extension = [] }) => extension)
    .filter((one) => (one as { url?: string }).url === `${OURS}/StructureDefinition/label-source`)
    .flatMap((one) => referencesAt(one as Resource, 'valueReference'));

interface Permitting {
  readonly kind: string;
  readonly from: Ref;
  readonly to: Ref;
  readonly patient: Ref;
  readonly labels: readonly string[];
}

/** Whether a complete Consent in force says so: kept by who tells, about the patient, to the receiver by name or class. */
function isPermitted({ oracle }: Guarded, { kind, from, to, patient, labels }: Permitting): boolean {
  return oracle.live.some((one) => {
    const ref: Ref = `Consent/${one.id}`;
    if (one.resourceType !== 'Consent' || oracle.custodianOf(ref) !== from) return false;
    const end = (valuesAt(one, 'provision.period.end')[0] ?? '2999') as string; // as made
    const named = oracle.recipientsOf(one);
    const isOfClass =
      named.includes(TPO_CLASS) &&
      kindsOf(oracle, to).some((one) => one === 'provider' || one === 'health-plan');
    return (
      valuesAt(one, 'policyRule.coding.code').includes(kind) &&
      one['status'] === 'active' &&
      one['extension'] !== undefined &&
      end >= new Date().toISOString().slice(0, 4) &&
      referencesAt(one, 'patient').includes(patient) &&
      referencesAt(one, 'performer').includes(patient) &&
      (named.includes(to) || isOfClass) &&
      valuesAt(one, 'provision.securityLabel.code').some((code) => labels.includes(code as string))
    );
  });
}

const part2: OracleGuard = (asked) => {
  const { org, from, last, patients, oracle } = asked;
  if (!labelsOf(last).includes('42CFRPart2') || sourcesOf(last).includes(org)) return undefined;
  const consented = (teller: Ref, to: Ref): boolean =>
    patients.every((patient) =>
      isPermitted(asked, { kind: 'part2-tpo', from: teller, to, patient, labels: labelsOf(last) }),
    );
  if (patients.length > 0 && consented(from, org)) return undefined;
  const isCovered = kindsOf(oracle, from).some((kind) => kind === 'provider' || kind === 'health-plan');
  const passedOn = sourcesOf(last).some((source) => source !== from && consented(source, from));
  return patients.length > 0 && isCovered && passedOn ? undefined : 'quiet';
};

const notes: OracleGuard = (asked) => {
  const { org, from, last, patients } = asked;
  if (!labelsOf(last).includes('PSYTHPN')) return undefined;
  const isAuthorized = patients.every((patient) =>
    isPermitted(asked, { kind: 'hipaa-auth', from, to: org, patient, labels: ['PSYTHPN'] }),
  );
  return patients.length > 0 && isAuthorized ? undefined : 'quiet';
};

const SENSITIVE = ['SUD', 'ETH', 'ETHUD', 'OPIOIDUD', 'HIV', 'STD', 'MH', 'PSY'];

const sensitive: OracleGuard = (asked) => {
  const { org, from, last, patients, oracle } = asked;
  if (!isCommunity(oracle, org)) return undefined;
  const labels = labelsOf(last).filter((code) => SENSITIVE.includes(code));
  const isAuthorized = labels.every((code) =>
    patients.every((patient) =>
      isPermitted(asked, { kind: 'hipaa-auth', from, to: org, patient, labels: alike(code) }),
    ),
  );
  return isAuthorized ? undefined : 'told';
};

/** The four labels of substances are one (compliance 16). */
const SUBSTANCES = ['SUD', 'ETH', 'ETHUD', 'OPIOIDUD'];
const alike = (code: string): readonly string[] => (SUBSTANCES.includes(code) ? SUBSTANCES : [code]);

/** What withholds beside a patient's denial, worked out from the texts as they are stored. */
export const ORACLE_GUARDS: readonly OracleGuard[] = [part2, notes, sensitive];

const isCommunity = (oracle: SightOracle, org: Ref): boolean => {
  const kinds = kindsOf(oracle, org);
  return kinds.includes('community-organization') && !kinds.includes('provider');
};

/** (compliance M2) What a referral shows to an organization that is no provider. */
export const typesShownTo = (oracle: SightOracle, org: Ref): readonly string[] | undefined =>
  isCommunity(oracle, org) ? ['Patient', 'ServiceRequest', 'Task', 'Consent'] : undefined;

/** (harmony Z3) A mark speaks of the patient's denials, and of what the organization is. */
export const mayMark = (oracle: SightOracle, org: Ref, patient: Ref): boolean =>
  valuesAt(oracle.newest(org)?.json, 'type').length > 0 ||
  oracle.live.some(
    (one) =>
      one.resourceType === 'Consent' &&
      one['status'] === 'active' &&
      referencesAt(one, 'patient').includes(patient) &&
      valuesAt(one, 'provision.type').includes('deny'),
  );
