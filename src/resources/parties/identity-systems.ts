/**
 * The systems whose identifiers say who a party is (directory, section 2): a table. An identifier of any other system is
 * its owner's own affair and names nobody.
 */
import { NPI, NPI_OID, URI_SYSTEM } from '../../fhir/identifier.ts';
import type { Identifier } from '../../fhir/types.ts';

interface IdentitySystem {
  readonly name: string;
  /** Whether a value has the form, and the check digit where there is one. */
  readonly holds: (value: string) => boolean;
  /** What a value must be, in words. */
  readonly form: string;
  /** Shown to its own organization and administrators alone, and found by nobody. */
  readonly secret?: true;
}

/** An identifier that can be looked up: both parts, and of a system of the table. */
export interface Identity {
  readonly system: string;
  readonly value: string;
}

const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/;
const OID_MAX = 255;
/** The arc that is set aside for examples. */
const EXAMPLES = /^urn:oid:2\.999(?:\.|$)/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/;

const matching = (pattern: RegExp) => (value: string) => pattern.test(value);

/** US National Provider Identifier: Luhn over 80840 and the number. */
function isNpi(value: string): boolean {
  if (!/^[12]\d{9}$/.test(value)) return false;
  let sum = 24;
  for (let at = 0; at < 10; at += 1) {
    const digit = value.charCodeAt(at) - 48;
    const counted = at % 2 === 0 ? digit * 2 : digit;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}

const isUri = (value: string): boolean =>
  value.startsWith('urn:oid:') ? value.length <= OID_MAX && OID.test(value) : URI.test(value);

// prettier-ignore
const SYSTEMS: ReadonlyMap<string, IdentitySystem> = new Map([
  [NPI,                                   { name: 'NPI',  holds: isNpi,                            form: 'ten digits, the first 1 or 2, the last a check digit' }],
  [URI_SYSTEM,                            { name: 'URI',  holds: isUri,                            form: 'a URI; an OID as urn:oid: with arcs without leading zeros' }],
  ['urn:oid:2.16.840.1.113883.4.7',       { name: 'CLIA', holds: matching(/^[0-9]{2}D[0-9]{7}$/),  form: 'two digits, D, seven digits' }],
  ['urn:oid:2.16.840.1.113883.6.300',     { name: 'NAIC', holds: matching(/^[0-9]{5}$/),           form: 'five digits' }],
  ['urn:oid:2.16.840.1.113883.4.336',     { name: 'CCN',  holds: matching(/^[0-9A-Z]{6}$/),        form: 'six characters' }],
  ['urn:oid:2.16.840.1.113883.4.4',       { name: 'TIN',  holds: matching(/^[0-9]{9}$/),           form: 'nine digits', secret: true }],
] as const);

/** Other names of systems of the table. */
const ALIASES: ReadonlyMap<string, string> = new Map([[`urn:oid:${NPI_OID}`, NPI]]);

/** The row of a system of the table. */
export const identitySystemOf = (system: string | undefined): IdentitySystem | undefined =>
  system === undefined ? undefined : SYSTEMS.get(ALIASES.get(system) ?? system);

/** An identifier as the register has it; undefined for one that lacks a system or a value. */
export function identityOf({ system, value }: Identifier): Identity | undefined {
  if (system === undefined || value === undefined) return undefined;
  return { system: ALIASES.get(system) ?? system, value };
}

/** Whether a value has the form that its system asks for; systems that are not in the table ask for none. */
export const isSound = ({ system, value }: Identity): boolean =>
  identitySystemOf(system)?.holds(value) !== false;

/** An OID that stands for nobody outside of a demonstration. */
export const isExample = ({ system, value }: Identity): boolean =>
  system === URI_SYSTEM && EXAMPLES.test(value);

/** All identifiers of a resource as the register has them, each once; `accept` says which. */
export function identitiesIn(
  identifiers: unknown,
  accept: (identity: Identity) => boolean = () => true,
): readonly Identity[] {
  const found = new Map<string, Identity>();
  for (const identifier of Array.isArray(identifiers) ? (identifiers as readonly Identifier[]) : []) {
    const identity = identityOf(identifier);
    if (identity !== undefined && accept(identity))
      found.set(`${identity.system}\n${identity.value}`, identity);
  }
  return [...found.values()];
}

/** Whether an identifier is for its owner and administrators alone. */
export const isSecret = ({ system }: Identifier): boolean => identitySystemOf(system)?.secret === true;
