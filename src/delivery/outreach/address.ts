/**
 * Where a patient is written to outside this server (baa-messaging MS35): by the way and at the address that the patient asked
 * for (45 CFR 164.522(b)), and by no other; else where the record says that the patient is reached.
 */
import type { Resource } from '../../fhir/types.ts';
import { parseDateTime } from '../../fhir/datetime.ts';
import { valuesAt } from '../../resources/element.ts';

/** The ways out, which are names of rails: ordinary mail of the internet, and text messages. */
export const OUTREACH = ['mail', 'sms'] as const;
export type OutreachWay = (typeof OUTREACH)[number];

export const isOutreach = (rail: string): rail is OutreachWay => OUTREACH.some((way) => way === rail);

const CONFIDENTIAL = 'https://closeloop.dev/fhir/StructureDefinition/confidential-communication';

/** Codes of http://hl7.org/fhir/contact-point-system by which each way is asked for. */
const MEANS: Readonly<Record<OutreachWay, string>> = { mail: 'email', sms: 'sms' };

interface ContactPoint {
  readonly system?: string;
  readonly value?: string;
  readonly use?: string;
  readonly rank?: number;
  readonly period?: { readonly end?: string };
}

/** The address of a Patient or a RelatedPerson by one way; undefined where there is none that may be used. */
export function outreachAddress(person: Resource, way: OutreachWay, at: number): string | undefined {
  const asked = confidentialOf(person);
  if (asked !== undefined) return asked.means === MEANS[way] ? usable(way, asked.address) : undefined;
  const points = (valuesAt(person, 'telecom') as readonly ContactPoint[]) // validated structure
    .filter((point) => isOfWay(point, way) && point.use !== 'old' && !hasEnded(point, at))
    .toSorted((one, other) => (one.rank ?? LAST) - (other.rank ?? LAST));
  return points.map(({ value }) => usable(way, value)).find((address) => address !== undefined);
}

const LAST = Number.MAX_SAFE_INTEGER;

/** A mobile telephone takes texts; of another nobody knows. */
const isOfWay = ({ system, use }: ContactPoint, way: OutreachWay): boolean =>
  system === MEANS[way] || (way === 'sms' && system === 'phone' && use === 'mobile');

function hasEnded({ period }: ContactPoint, at: number): boolean {
  const end = period?.end;
  return end !== undefined && (parseDateTime(end)?.high ?? Number.MIN_SAFE_INTEGER) < at;
}

interface ConfidentialWay {
  readonly means: unknown;
  readonly address: string | undefined;
}

/** The way and the address that the patient asked for. Two of them are none that could be obeyed. */
function confidentialOf(person: Resource): ConfidentialWay | undefined {
  const found = valuesAt(person, 'extension').filter((one) => valuesAt(one, 'url')[0] === CONFIDENTIAL);
  const [only, other] = found;
  if (only === undefined) return undefined;
  if (other !== undefined) return { means: undefined, address: undefined };
  const part = (url: string): unknown =>
    valuesAt(only, 'extension').find((one) => valuesAt(one, 'url')[0] === url);
  const [means] = valuesAt(part('means'), 'valueCode');
  const [address] = valuesAt(part('address'), 'valueString');
  return { means, address: typeof address === 'string' ? address : undefined };
}

const MAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}$/;
const PHONE = /^\+?[\d ().-]{7,24}$/;
/** A number of the North American plan without its country. */
const NATIONAL = 10;
const DIGITS: readonly [least: number, most: number] = [8, 15];

function usable(way: OutreachWay, address: string | undefined): string | undefined {
  const given = address?.trim() ?? '';
  if (way === 'mail') return MAIL.test(given) ? given : undefined;
  if (!PHONE.test(given)) return undefined;
  const digits = given.replaceAll(/\D/g, '');
  const whole = given.startsWith('+') || digits.length > NATIONAL ? digits : `1${digits}`;
  return whole.length >= DIGITS[0] && whole.length <= DIGITS[1] ? `+${whole}` : undefined;
}
