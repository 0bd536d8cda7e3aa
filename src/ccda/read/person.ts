/** Names, addresses and telecommunication of people and organizations (PN, ON, AD, TEL). */
import { table } from '../table.ts';
import type { Address, ContactPoint, HumanName } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { attributeOf, childOf, childrenOf, lineOf, nullFlavorOf } from '../element.ts';
import { ADDRESS_USES, NAME_USES, TELECOM_USES } from '../concepts.ts';
import { lose, type Reading } from './reading.ts';
import { periodOf, readInterval } from './time.ts';

/** A person's name; undefined where nothing of it is given. A name without parts is its text. */
export function readName(reading: Reading, element: XmlElement): HumanName | undefined {
  if (nullFlavorOf(element) !== undefined) return undefined;
  const parts = (name: string) => childrenOf(element, name).flatMap((part) => lineOf(part) ?? []);
  const [given, family, prefix, suffix] = [parts('given'), parts('family'), parts('prefix'), parts('suffix')];
  const hasParts = [given, family, prefix, suffix].some((some) => some.length > 0);
  const text = hasParts ? undefined : lineOf(element);
  if (!hasParts && text === undefined) return undefined;
  const use = usesOf(element)
    .map((code) => NAME_USES[code])
    .find((known) => known !== undefined);
  const period = periodOf(readInterval(reading, childOf(element, 'validTime')));
  return {
    ...(use !== undefined && { use }),
    ...(text !== undefined && { text }),
    ...(family.length > 0 && { family: family.join(' ') }),
    ...(given.length > 0 && { given }),
    ...(prefix.length > 0 && { prefix }),
    ...(suffix.length > 0 && { suffix }),
    ...(period !== undefined && { period }),
  };
}

/** The codes of a `use` attribute, which is a list. */
const usesOf = (element: XmlElement): readonly string[] => attributeOf(element, 'use')?.split(/\s+/) ?? [];

export const readNames = (reading: Reading, element: XmlElement | undefined): readonly HumanName[] =>
  childrenOf(element, 'name').flatMap((name) => readName(reading, name) ?? []);

/** A postal address; undefined where nothing of it is given. */
export function readAddress(reading: Reading, element: XmlElement): Address | undefined {
  if (nullFlavorOf(element) !== undefined) return undefined;
  const one = (name: string) => lineOf(childOf(element, name));
  const line = [
    'streetAddressLine',
    'houseNumber',
    'streetName',
    'additionalLocator',
    'unitID',
    'postBox',
  ].flatMap((name) => childrenOf(element, name).flatMap((part) => lineOf(part) ?? []));
  const address: Address = {
    ...(line.length > 0 && { line }),
    ...present('city', one('city')),
    ...present('district', one('county')),
    ...present('state', one('state')),
    ...present('postalCode', one('postalCode')),
    ...present('country', one('country')),
  };
  const text = Object.keys(address).length === 0 ? lineOf(element) : undefined;
  if (Object.keys(address).length === 0 && text === undefined) return undefined;
  const use = usesOf(element)
    .map((code) => ADDRESS_USES[code])
    .find((known) => known !== undefined);
  const period = periodOf(readInterval(reading, childOf(element, 'useablePeriod')));
  return {
    ...(use !== undefined && { use }),
    ...(text !== undefined && { text }),
    ...address,
    ...(period !== undefined && { period }),
  };
}

const present = <Name extends string>(
  name: Name,
  value: string | undefined,
): { readonly [key in Name]?: string } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [key in Name]?: string };

export const readAddresses = (reading: Reading, element: XmlElement | undefined): readonly Address[] =>
  childrenOf(element, 'addr').flatMap((addr) => readAddress(reading, addr) ?? []);

const SCHEMES: Readonly<Record<string, NonNullable<ContactPoint['system']>>> = table({
  tel: 'phone',
  mailto: 'email',
  fax: 'fax',
  'x-text-fax': 'fax',
  http: 'url',
  https: 'url',
  sms: 'sms',
});

/** A telephone number, an address of mail or of the web; undefined where none is given. */
export function readTelecom(reading: Reading, element: XmlElement): ContactPoint | undefined {
  const written = attributeOf(element, 'value');
  if (nullFlavorOf(element) !== undefined || written === undefined) return undefined;
  const uses = usesOf(element);
  const [, scheme = '', rest = ''] = /^([a-z][a-z-]*):(.+)$/i.exec(written) ?? [];
  const known = SCHEMES[scheme.toLowerCase()];
  if (scheme !== '' && known === undefined)
    lose(reading, 'narrowed', element, 'the scheme of a telecommunication address has no name in FHIR');
  const system = uses.includes('PG') ? 'pager' : (known ?? guessSystem(written));
  const value = known === undefined || known === 'url' ? written : rest;
  const use = uses.map((code) => TELECOM_USES[code]).find((found) => found !== undefined);
  return { system, value, ...(use !== undefined && { use }) };
}

const guessSystem = (value: string): NonNullable<ContactPoint['system']> =>
  value.includes('@') ? 'email' : /^[\d\s().+x-]+$/i.test(value) ? 'phone' : 'other';

export const readTelecoms = (reading: Reading, element: XmlElement | undefined): readonly ContactPoint[] =>
  childrenOf(element, 'telecom').flatMap((telecom) => readTelecom(reading, telecom) ?? []);
