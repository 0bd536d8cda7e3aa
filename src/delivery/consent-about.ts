/**
 * What has to be known beside a Consent's text to say whether it is complete: whose signatures it needs, who is named, and
 * about whom its signed form is.
 */
import { parseDate, parseDateTime } from '../fhir/datetime.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { ConsentAbout } from '../policies/consent/elements.ts';
import { kindOf, kindRow } from '../policies/consent/kinds.ts';
import { signersFor } from '../policies/consent/minors.ts';
import { localRef, typeOf, valuesAt } from '../resources/element.ts';
import type { PartyWorld } from '../resources/party.ts';
import { kindCodesIn } from '../resources/parties/kinds.ts';

/** @param actors the organizations that its actors stand for, by their reference as written */
export async function findConsentAbout(
  consent: Resource,
  actors: ReadonlyMap<string, Ref>,
  { read }: Pick<PartyWorld, 'read'>,
): Promise<ConsentAbout> {
  const { elements } = kindRow(kindOf(consent));
  const isForeign = elements['signed-form'] !== undefined && (await isFormForeign(consent, read));
  const form = isForeign ? { foreignForm: true } : {};
  if (elements['both-signatures'] === undefined) return form;
  const patient = localRef(consent['patient']);
  const signers = signersFor(ageIn(patient === undefined ? undefined : await read(patient), consent));
  const kinds = await kindsNamed(consent, actors, read);
  const intermediaries = kinds.flatMap(([actor, codes]) => (codes.includes('intermediary') ? [actor] : []));
  return {
    ...form,
    ...(signers === 'both' && { minor: true }),
    ...(intermediaries.length > 0 && { intermediaries }),
    ...(kinds.length > 0 && kinds.every(([, codes]) => isUncovered(codes)) && { uncovered: true }),
  };
}

/** Whether a Consent names a document of this server as its signed form that is not about its patient (compliance A6). */
async function isFormForeign(consent: Resource, read: PartyWorld['read']): Promise<boolean> {
  const form = localRef(consent['sourceReference']);
  if (form === undefined || typeOf(form) !== 'DocumentReference') return false;
  const about = localRef((await read(form))?.['subject']);
  return about === undefined || about !== localRef(consent['patient']);
}

/** Age in whole years when the Consent was signed, and the state where the patient lives. */
function ageIn(
  patient: Resource | undefined,
  consent: Resource,
): { readonly age: number | undefined; readonly state: string | undefined } {
  const [birth, signed] = [patient?.['birthDate'], consent['dateTime']];
  const born = typeof birth === 'string' ? parseDate(birth)?.low : undefined;
  const at = typeof signed === 'string' ? parseDateTime(signed)?.low : undefined;
  const [state] = valuesAt(patient, 'address.state');
  return {
    age: born === undefined || at === undefined ? undefined : yearsBetween(new Date(born), new Date(at)),
    state: typeof state === 'string' ? state : undefined,
  };
}

function yearsBetween(born: Date, at: Date): number {
  const years = at.getUTCFullYear() - born.getUTCFullYear();
  const monthDay = (date: Date): number => date.getUTCMonth() * 100 + date.getUTCDate();
  return monthDay(at) < monthDay(born) ? years - 1 : years;
}

/** The kinds that Organizations among a Consent's recipients are said to be, by the actor's own reference. */
async function kindsNamed(
  consent: Resource,
  actors: ReadonlyMap<string, Ref>,
  read: PartyWorld['read'],
): Promise<readonly (readonly [actor: Ref, codes: readonly string[]])[]> {
  const named: (readonly [Ref, readonly string[]])[] = [];
  for (const actor of valuesAt(consent, 'provision.actor')) {
    const ref = localRef((actor as { readonly reference?: unknown }).reference);
    const isRecipient = valuesAt(actor, 'role.coding.code').includes('IRCP');
    if (ref === undefined || !isRecipient) continue;
    named.push([ref, kindCodesIn(await read(actors.get(ref) ?? ref))]);
  }
  return named;
}

/** Those who are under HIPAA (45 CFR 160.103). What is said of nobody counts as under it. */
const COVERED: ReadonlySet<string> = new Set([
  'provider',
  'part2-program',
  'health-plan',
  'business-associate',
]);

const isUncovered = (codes: readonly string[]): boolean =>
  codes.length > 0 && !codes.some((code) => COVERED.has(code));
