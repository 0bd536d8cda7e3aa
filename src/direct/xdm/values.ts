/**
 * Values of metadata, which are written as HL7 v2.5 writes its datatypes (ITI TF-3 4.2.3.1.7): CX, CXi, XCN, XON, XTN and
 * the instant. What is written always fits into a value of ebRIM; what is read is taken as far as it goes.
 */
import { isOid } from '../../fhir/identifier.ts';
import { STANDARD } from '../../hl7v2/delimiters.ts';
import { escapeText, unescapeText } from '../../hl7v2/escape.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import { parseDirectAddress } from '../address.ts';
import { REFERRAL_REFERENCE } from './ebrim.ts';
import { withoutAbsent } from './present-members.ts';
import type { AssignedId, XdmInstitution, XdmParty, XdmPerson } from './submission.ts';

/** Characters of a value (LongName of ebRIM). */
export const VALUE_MAX = 256;

const SYNTAX = { ...STANDARD, charset: 'UNICODE UTF-8' } as const;

const escaped = (text: string | undefined): string => escapeText(text ?? '', STANDARD);
const plain = (text: string | undefined): string | undefined => {
  const value = unescapeText(text ?? '', SYNTAX).trim();
  return value === '' ? undefined : value;
};

/** Components by their numbers. */
function joined(components: Readonly<Record<number, string | undefined>>): string {
  const last = Math.max(0, ...Object.keys(components).map(Number));
  const texts = Array.from({ length: last }, (_empty, index) => components[index + 1] ?? '');
  return texts.join('^').replace(/\^+$/, '');
}

/** What a sender gave of a value; undefined where it gave nothing. */
function given<Value extends object>(value: Value): ReturnType<typeof withoutAbsent<Value>> | undefined {
  const present = withoutAbsent(value);
  return Object.keys(present).length === 0 ? undefined : present;
}

// — CX and CXi

const assigner = ({ assigner: oid }: AssignedId): string => (oid === '' ? '' : `&${escaped(oid)}&ISO`);

/** CX: `MQ-40417^^^&2.999.10.1.5&ISO`. */
export const cxOf = (id: AssignedId): string => joined({ 1: escaped(id.value), 4: assigner(id) });

/** CXi of the number of a referral: `R-2025-00731^^^&2.999.10.1.15&ISO^urn:ihe:iti:xds:2013:referral`. */
export const referralCxOf = (id: AssignedId): string =>
  joined({ 1: escaped(id.value), 4: assigner(id), 5: REFERRAL_REFERENCE });

/** Reads a CX by its number and the OID of who assigned it; what else stands there says nothing about who it is. */
export function readCx(text: string): AssignedId | undefined {
  const [value, , , authority = ''] = text.trim().split('^');
  const number = plain(value);
  if (number === undefined) return undefined;
  const [namespace, oid] = authority.split('&');
  return { value: number, assigner: plain(oid) ?? plain(namespace) ?? '' };
}

/**
 * Reads a CXi when it is the number of a referral, or of no type at all. The delimiters may be misplaced: the rules by
 * which 360X is tested show one whose type and OID stand elsewhere (360x A10).
 */
export function readReferralCx(text: string): AssignedId | undefined {
  const parts = text.trim().split(/[\^&]/);
  const type = parts.find((part) => part.startsWith('urn:ihe:iti:xds:'));
  const number = plain(parts[0]);
  if (number === undefined || (type !== undefined && type !== REFERRAL_REFERENCE)) return undefined;
  const oid = parts.slice(1).find(isOid);
  return { value: number, assigner: oid ?? readCx(text)?.assigner ?? '' };
}

// — XCN, XON, XTN

/** XCN: `1999999984^Okafor^Ngozi^R^^^MD^^&2.16.840.1.113883.4.6&ISO^L^^^NPI`. A name that is too long is cut. */
export const xcnOf = ({ id, idType, ...name }: XdmPerson): string =>
  shortened((max) =>
    joined({
      1: escaped(id?.value),
      2: escaped(name.family?.slice(0, max)),
      3: escaped(name.given?.slice(0, max)),
      4: escaped(name.middle?.slice(0, max)),
      5: escaped(name.suffix?.slice(0, max)),
      6: escaped(name.prefix?.slice(0, max)),
      7: escaped(name.degree?.slice(0, max)),
      9: id === undefined ? '' : assigner(id),
      10: name.family === undefined ? '' : 'L',
      13: escaped(idType),
    }),
  );

/** XON: `Alder Family Medicine^^^^^&2.999.10.1&ISO^^^^2.999.10.1`. */
export const xonOf = ({ name, id }: XdmInstitution): string =>
  shortened((max) =>
    joined({
      1: escaped(name?.slice(0, max)),
      6: id === undefined ? '' : assigner(id),
      10: escaped(id?.value),
    }),
  );

/** XTN: `^^Internet^intake@direct.tarn.example.org`. */
export const xtnOf = (address: DirectAddress): string => `^^Internet^${escaped(address)}`;

/** The longest that fits into a value. */
function shortened(whole: (max: number) => string): string {
  let max = VALUE_MAX;
  while (max > 1 && whole(max).length > VALUE_MAX) max = Math.floor(max * 0.75);
  return whole(max);
}

export function readXcn(text: string): XdmPerson | undefined {
  const [number, family, first, middle, suffix, prefix, degree, , authority, , , , idType] = text
    .trim()
    .split('^');
  const id = readCx(joined({ 1: number, 4: authority }));
  return given({
    id,
    idType: plain(idType),
    family: plain(family?.split('&')[0]),
    given: plain(first),
    middle: plain(middle),
    suffix: plain(suffix),
    prefix: plain(prefix),
    degree: plain(degree),
  });
}

export function readXon(text: string): XdmInstitution | undefined {
  const components = text.trim().split('^');
  const id = readCx(joined({ 1: components[9] ?? components[2], 4: components[5] }));
  return given({ name: plain(components[0]), id });
}

/** The address of an XTN, wherever it stands; undefined for one that is none of Direct. */
export function readXtn(text: string): DirectAddress | undefined {
  const found = text
    .split('^')
    .map((part) => plain(part) ?? '')
    .find((part) => part.includes('@'));
  return found === undefined ? undefined : parseDirectAddress(found);
}

/** A recipient: `XON|XCN|XTN`. */
export const recipientOf = ({ institution, person, telecom }: XdmParty): string => {
  const address = telecom === undefined ? '' : xtnOf(telecom);
  const parts = [
    institution === undefined ? '' : xonOf(institution),
    person === undefined ? '' : xcnOf(person),
  ];
  // The address is what the recipient is found by: the names give way to it.
  const names = parts.join('|').length + 1 + address.length > VALUE_MAX ? '|' : parts.join('|');
  return `${names}|${address}`.replace(/\|+$/, '');
};

/** Reads a recipient. Some give the address alone, in whichever place. */
export function readRecipient(text: string): XdmParty | undefined {
  const parts = text.trim().split('|');
  const at = parts.findLastIndex((part) => readXtn(part) !== undefined);
  const beside = (place: number): string => (place === at ? '' : (parts[place] ?? ''));
  return given({
    institution: readXon(beside(0)),
    person: readXcn(beside(1)),
    telecom: readXtn(parts[at] ?? ''),
  });
}

// — instants

/** The instant in UTC, to the second: `20250314140515`. */
export const dtmOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replaceAll(/\D/g, '');

const DTM = /^(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?$/;

/** Reads an instant in UTC, which may end early; undefined for what is none. */
export function readDtm(text: string): number | undefined {
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00'] =
    DTM.exec(text.trim()) ?? [];
  if (year === undefined) return undefined;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const ms = Date.parse(iso);
  // What the calendar does not have is no instant, rather than a later one.
  return Number.isNaN(ms) || new Date(ms).toISOString() !== iso ? undefined : ms;
}
