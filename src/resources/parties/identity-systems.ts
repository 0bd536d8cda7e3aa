/**
 * The table of the systems whose identifiers say who a party is (directory, "Identifiers that name a party"). An
 * identifier of any other system is its owner's own affair and names nobody.
 */
import { NPI, NPI_OID, URI_SYSTEM } from '../../fhir/identifier.ts';
import type { Identifier } from '../../fhir/types.ts';

interface IdentitySystem {
  readonly name: string;
  /** Whether a value has the form, and a correct check digit where the system has one. */
  readonly holds: (value: string) => boolean;
  /** The form of a value, in words. */
  readonly form: string;
  /** Whether only its own organization and administrators see the number; no search finds it. */
  readonly secret?: true;
}

/** An identifier that can be looked up: both parts, and of a system of the table. */
export interface Identity {
  readonly system: string;
  readonly value: string;
}

const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/;
const OID_MAX = 255;
/** The arc of OIDs that is set aside for examples. */
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

/** Other names of the table's systems. */
const ALIASES: ReadonlyMap<string, string> = new Map([[`urn:oid:${NPI_OID}`, NPI]]);

/** The row of a system of the table. */
export const identitySystemOf = (system: string | undefined): IdentitySystem | undefined =>
  system === undefined ? undefined : SYSTEMS.get(ALIASES.get(system) ?? system);

/** An identifier as the register keeps it; undefined when it lacks a system or a value. */
export function identityOf({ system, value }: Identifier): Identity | undefined {
  if (system === undefined || value === undefined) return undefined;
  return { system: ALIASES.get(system) ?? system, value };
}

/** Whether a value has the form of its system; a system outside the table has no form. */
export const isSound = ({ system, value }: Identity): boolean =>
  identitySystemOf(system)?.holds(value) !== false;

/** Whether an OID is an example, which stands for nobody outside a demonstration. */
export const isExample = ({ system, value }: Identity): boolean =>
  system === URI_SYSTEM && EXAMPLES.test(value);

/** All identifiers of a resource as the register keeps them, each once; `accept` selects them. */
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

/** Whether only the owner and administrators see an identifier. */
export const isSecret = ({ system }: Identifier): boolean => identitySystemOf(system)?.secret === true;
