/**
 * EHRs that launch this server as an app (smart SM-81 to SM-83): what is on record of one beside what every provider has, whose
 * login its answer is, and by which numbers its patient is ours. An EHR speaks for one organization, and for nobody else's people.
 */
import { hash } from 'node:crypto';
import { NPI } from '../fhir/identifier.ts';
import type { Claims, IdentityProvider } from './external.ts';

/** What an EHR has that another provider has not. The issuer of its record is its FHIR base: the `iss` of its launches. */
export interface EhrLaunch {
  /** Systems of identifiers by which its patient is one of ours. */
  readonly patientSystems: readonly string[];
  /** Whose login is whose account, as an administrator knows: `Practitioner/7` there, the id of the account here. */
  readonly users: readonly EhrUser[];
  /** Origins whose pages may show ours in a frame. */
  readonly embeddingOrigins: readonly string[];
}

interface EhrUser {
  readonly user: string;
  readonly account: string;
}

/** A number of a patient, by a system that is registered. */
export interface PatientNumber {
  readonly system: string;
  readonly value: string;
}

const LIST_MAX = 100;
const USERS_MAX = 5000;
const TEXT_MAX = 255;
const NUMBERS_MAX = 20;
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const USER = /^Practitioner\/[A-Za-z0-9\-.]{1,64}$/;

/** The faults of an EHR that somebody wants to put on record, each in a sentence. */
export function faultsOfEhr({
  organizations,
  credential,
  rules,
  justInTime,
  emailDomains,
  proof,
  ehr,
}: IdentityProvider): readonly string[] {
  if (ehr === undefined) return [];
  const { patientSystems, users, embeddingOrigins } = ehr;
  return [
    ...says(organizations.length === 1, 'An EHR launches for one organization.'),
    ...says(credential === 'private_key_jwt', 'The credential for an EHR is private_key_jwt.'),
    ...says(
      rules.length === 0 && !justInTime && emailDomains.length === 0,
      'An EHR grants no roles, makes no accounts and has no e-mail domains.',
    ),
    ...says(proof.kind !== 'level', 'An EHR proves a second factor by methods, or not at all.'),
    ...says(
      isListOf(patientSystems, (one) => URL.canParse(one)),
      `The systems of patients are up to ${LIST_MAX} addresses.`,
    ),
    ...says(
      users.length <= USERS_MAX && users.every(({ user, account }) => USER.test(user) && isText(account)),
      'A user of an EHR is Practitioner/id there, and the id of an account here.',
    ),
    ...says(
      isListOf(embeddingOrigins, isSecureOrigin),
      `The embedding origins are up to ${LIST_MAX} origins with https.`,
    ),
  ];
}

const says = (isRight: boolean, sentence: string): readonly string[] => (isRight ? [] : [sentence]);

const isText = (text: string): boolean => text !== '' && text.length <= TEXT_MAX;
const isListOf = (list: readonly string[], is: (one: string) => boolean): boolean =>
  list.length <= LIST_MAX && list.every((one) => isText(one) && is(one));
const isSecureOrigin = (text: string): boolean =>
  text.startsWith('https://') && URL.canParse(text) && new URL(text).origin === text;

/** An FHIR base with and without a slash at its end is one. */
const baseOf = (issuer: string): string => issuer.replace(/\/$/, '');

/** By which an EHR is found, as an index value. */
export const launchKey = (iss: string): string => hash('sha256', `launch ${baseOf(iss)}`, 'base64url');

/**
 * The Practitioner whose login an answer is; undefined where it names none of this EHR.
 *
 * @param told `fhirUser` of the id_token: an absolute address, or relative to the base
 */
export function ehrUserOf(told: unknown, base: string): string | undefined {
  if (typeof told !== 'string') return undefined;
  const own = `${baseOf(base)}/`;
  const ref = told.startsWith(own) ? told.slice(own.length) : told;
  return USER.test(ref) ? ref : undefined;
}

/** The patient of a launch, as its EHR may be asked for it. */
export const launchedPatient = ({ patient }: Claims): string | undefined =>
  typeof patient === 'string' && ID.test(patient) ? `Patient/${patient}` : undefined;

/** The numbers of a resource by these systems. */
export function numbersBy(resource: Claims, systems: readonly string[]): readonly PatientNumber[] {
  const told: readonly unknown[] = Array.isArray(resource['identifier']) ? resource['identifier'] : [];
  return told
    .filter((one): one is Claims => typeof one === 'object' && one !== null)
    .flatMap(({ system, value, use }) =>
      typeof system === 'string' && systems.includes(system) && typeof value === 'string' && use !== 'old'
        ? [{ system, value: value.trim() }]
        : [],
    )
    .filter(({ value }) => isText(value))
    .slice(0, NUMBERS_MAX);
}

/** The national numbers of a health professional. */
export const npisOf = (practitioner: Claims): readonly string[] =>
  numbersBy(practitioner, [NPI]).map(({ value }) => value);
