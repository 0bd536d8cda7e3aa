/**
 * The explanation of a consent's scope that goes with each disclosure made under it: "a copy of the consent or a clear
 * explanation of the scope of the consent" (42 CFR 2.32(b); compliance P14). It is made of the Consent and names no patient.
 */
import type { Consent, ConsentProvision, Extension, Resource } from '../../fhir/types.ts';

/** What the actors are called, by their reference as written. */
type ActorNames = ReadonlyMap<string, string>;

/** What a Consent permits, in one sentence, and that it may be revoked. */
export function scopeText(resource: Resource, names: ActorNames = new Map()): string {
  const { dateTime, provision = {}, extension = [] } = resource as unknown as Consent; // validated structure
  const from = actorsIn(provision, KEEPERS, names);
  const to = actorsIn(provision, RECIPIENTS, names);
  return [
    `Consent of ${dateTime?.slice(0, 10) ?? 'an unknown date'}:`,
    `${listOf(from, 'the discloser')} may disclose ${whatIn(provision, extension)}`,
    `to ${listOf(to, 'the recipient')} for ${purposesIn(provision)} ${endOf(provision, extension)}.`,
    'It may be revoked in writing.',
  ].join(' ');
}

/** Codes of v3-RoleClass and v3-ParticipationType: who keeps the information. The other actors receive it. */
const KEEPERS: ReadonlySet<string> = new Set(['CST', 'CUST', 'AUT', 'INF']);
const RECIPIENTS: ReadonlySet<string> = new Set(['IRCP', 'PRCP', 'RCV', 'TRC']);

function actorsIn(
  { actor = [] }: ConsentProvision,
  roles: ReadonlySet<string>,
  names: ActorNames,
): readonly string[] {
  return actor
    .filter(({ role }) => role.coding?.some(({ code = '' }) => roles.has(code)))
    .flatMap(({ reference }) => reference.display ?? names.get(reference.reference ?? '') ?? []);
}

const STRUCTURES = 'https://closeloop.dev/fhir/StructureDefinition';

const stringOf = (extensions: readonly Extension[], name: string): string | undefined =>
  extensions.find(({ url }) => url === `${STRUCTURES}/${name}`)?.valueString;

/** The information: in the consent's own words, else by its codes. */
function whatIn(provision: ConsentProvision, extensions: readonly Extension[]): string {
  const said = stringOf(extensions, 'information-description');
  if (said !== undefined) return `"${said}"`;
  const codes = [...(provision.class ?? []), ...(provision.code ?? []).flatMap(({ coding = [] }) => coding)];
  const named = codes.flatMap(({ display, code }) => display ?? code ?? []);
  return listOf(named, 'the records that the consent covers');
}

/** The purposes of 42 CFR 2.31(a)(5) in words (ActReason). */
const PURPOSES: ReadonlyMap<string, string> = new Map([
  ['TREAT', 'treatment'],
  ['HPAYMT', 'payment'],
  ['HOPERAT', 'health care operations'],
  ['PATRQT', 'what the patient requested'],
]);

const purposesIn = ({ purpose = [] }: ConsentProvision): string =>
  listOf(
    purpose.flatMap(({ code = '', display }) => PURPOSES.get(code) ?? display ?? code),
    'the purpose of the consent',
  );

/** "An expiration date, event, or condition" (42 CFR 2.31(a)(7)); "none" suffices for treatment, payment and operations. */
function endOf({ period }: ConsentProvision, extensions: readonly Extension[]): string {
  if (period?.end !== undefined) return `until ${period.end.slice(0, 10)}`;
  const event = stringOf(extensions, 'expiration-event');
  return event === undefined || event.toLowerCase() === 'none' ? 'without an end' : `until ${event}`;
}

/** `a, b and c`; `otherwise` where there is none. */
function listOf(words: readonly string[], otherwise: string): string {
  const last = words.at(-1);
  if (last === undefined) return otherwise;
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
