/** How the place of an appointment is called toward a patient (baa-messaging MS23): "Hope Detox" would be a diagnosis. */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Language } from '../../messaging/templates.ts';
import { sensitivitiesOf } from '../../policies/labels/derive.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import { kindCodesIn } from '../../resources/parties/kinds.ts';

/** On a member of `Organization.alias`: a name that says nothing of what is treated there. */
const NEUTRAL = 'https://closeloop.dev/fhir/StructureDefinition/neutral';

/** Where a program has no neutral name. */
const OUR_OFFICE: Readonly<Record<Language, string>> = { en: 'our office', es: 'nuestra oficina' };

type Read = (ref: Ref) => Promise<Resource | undefined>;

/** Characters of a name at most: what is longer says more than where something is. */
const NAME_MAX = 80;

/** The name of a place; undefined where the reference leads nowhere. Of a service, that of its organization. */
export async function readPlaceName(read: Read, place: Ref, language: Language): Promise<string | undefined> {
  const resource = await read(place);
  if (resource === undefined) return undefined;
  if (resource.resourceType === 'Organization') return nameOf(resource, [resource], language);
  const owner = localRef(resource['managingOrganization'] ?? resource['providedBy']);
  const organization = owner === undefined ? undefined : await read(owner);
  if (organization === undefined) return undefined;
  const named = resource.resourceType === 'Location' ? resource : organization;
  return nameOf(named, [organization, resource], language);
}

function nameOf(named: Resource, all: readonly Resource[], language: Language): string | undefined {
  const neutral = all.flatMap(neutralNames)[0];
  if (neutral !== undefined) return neutral;
  if (all.some(isFlagged)) return OUR_OFFICE[language];
  const { name } = named;
  if (typeof name !== 'string' || name.length > NAME_MAX) return undefined;
  return saysMore(name) ? OUR_OFFICE[language] : name;
}

/** How words begin, in both languages, that name what is treated, a specialty or a finding; without marks above letters. */
const SPECIALTIES =
  'abort addict adicc alcohol allerg alzheim anesth autis biops cancer cardio chemo colorect counsel dement ' +
  'dental dermat desintox detox diabet diagnos dialy eating endocr fertil gastro gender genetic geriatr ginec gyn ' +
  'hemat hematol hepat hospice immun infect infert malignan matern mental methadone metadona nefro nephro neuro ' +
  'obstet oncol ophthal opioid ortho ortop otolar paliat palliat pediatr podiatr positiv pregnan prenatal psic psiq ' +
  'psych pulmon quimio radiat radiol recovery rehab renal reproduct resultado results? rheum sexual sobriety ' +
  'substance suboxone suicid surg cirug transplant trauma tumor urol vascul wound';
const MORE_WORDS = new RegExp(
  String.raw`\b(?:${SPECIALTIES.split(' ').join('|')})|\b(?:your|you|su|sus|usted|aids|hiv|sida|stds?|stis?|vih)\b`,
  'i',
);
const MORE_MARKS = /[@:;!?<>]|www\.|\d{6}/i;

const hasMoreWords = (text: string): boolean =>
  MORE_WORDS.test(text.normalize('NFKD').replaceAll(/[\p{M}\p{Cf}]/gu, ''));

/** Whether a name says more than where something is: whoever writes it could say anything there. */
const saysMore = (name: string): boolean => MORE_MARKS.test(name) || hasMoreWords(name);

/** Whether the path of a link says something by its words, as that of a place must not. */
export function linkSaysMore(link: string): boolean {
  try {
    return hasMoreWords(decodeURIComponent(URL.parse(link)?.pathname ?? '').replaceAll(/[^\p{L}\d]+/gu, ' '));
  } catch {
    return true; // a path that nobody can decode
  }
}

/** A program of 42 CFR Part 2, or a place that bears a label or a type of what is sensitive. */
const isFlagged = (one: Resource): boolean =>
  kindCodesIn(one).includes('part2-program') ||
  (one.meta?.security ?? []).length > 0 ||
  sensitivitiesOf(one).size > 0;

function neutralNames(organization: Resource): readonly string[] {
  const marks = (organization['_alias'] ?? []) as readonly unknown[]; // validated structure
  const aliases = (organization['alias'] ?? []) as readonly unknown[];
  return aliases.flatMap((alias, at) => (typeof alias === 'string' && isNeutral(marks[at]) ? [alias] : []));
}

const isNeutral = (mark: unknown): boolean =>
  valuesAt(mark, 'extension').some((one) => {
    const { url, valueBoolean } = one as { readonly url?: unknown; readonly valueBoolean?: unknown };
    return url === NEUTRAL && valueBoolean === true;
  });
