/**
 * The definitions that come with this server: the profiles, extensions, code systems and value sets of `profiles/` as
 * written there, and HL7's code systems and value sets of R4, rendered from the tables. Everyone may read them, and
 * nobody may write to their ids (docs/adr/0018).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import definitions from './generated/definitions.json' with { type: 'json' };
import { idOf, typeOf } from './element.ts';
import { packagedIds, readPackagedSystem, readPackagedValueSet } from './terminology/packaged.ts';
import { renderCodeSystem, renderValueSet } from './terminology/stored.ts';

/** Texts by reference, and references by canonical. */
const TEXTS: ReadonlyMap<string, string> = new Map(Object.entries(definitions.texts));
const WRITTEN: ReadonlyMap<string, string> = new Map(Object.entries(definitions.urls));

const TYPES: ReadonlySet<string> = new Set(['StructureDefinition', 'ValueSet', 'CodeSystem']);

/** The packaged resource of a reference. */
export function packagedDefinition(ref: Ref): Resource | undefined {
  const type = typeOf(ref);
  if (!TYPES.has(type)) return undefined;
  const text = TEXTS.get(ref);
  if (text !== undefined) return JSON.parse(text) as Resource; // generated from what was validated
  const url = type === 'StructureDefinition' ? undefined : packagedIds(type).get(idOf(ref));
  return url === undefined ? undefined : rendered(type, url);
}

/** The packaged resource of a type by its canonical without a version. */
export function packagedByUrl(type: string, url: string): Resource | undefined {
  if (!TYPES.has(type)) return undefined;
  const ref = WRITTEN.get(url);
  const text = ref === undefined || typeOf(ref) !== type ? undefined : TEXTS.get(ref);
  return text === undefined ? rendered(type, url) : (JSON.parse(text) as Resource); // generated from what was validated
}

function rendered(type: string, url: string): Resource | undefined {
  if (type === 'CodeSystem') {
    const system = readPackagedSystem(url);
    return system && (renderCodeSystem(system) as unknown as Resource); // a CodeSystem is a resource
  }
  if (type !== 'ValueSet') return undefined;
  const valueSet = readPackagedValueSet(url);
  return valueSet && (renderValueSet(valueSet) as unknown as Resource); // a ValueSet is a resource
}
