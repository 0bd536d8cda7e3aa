/**
 * The texts to patients that are no free text (baa-messaging MS23, MS35): fixed words in two languages, with slots for a
 * date, a time, the name of a place, a telephone number and a link. No specialty, no reason, no title, no name of a program.
 */
import type { Resource } from '../fhir/types.ts';

/** On a Communication or a CommunicationRequest: the template, its language and its slots (R4 has no element for them). */
export const TEMPLATE_EXTENSION = 'https://closeloop.dev/fhir/StructureDefinition/message-template';

/** Before the id: the canonical URL of a template. */
export const TEMPLATE_BASE = 'https://closeloop.dev/fhir/Library/message-template-';

export const LANGUAGES = ['en', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];

export const SLOTS = ['date', 'time', 'place', 'phone', 'link'] as const;
type Slot = (typeof SLOTS)[number];

type TemplateRow = Readonly<Record<Language, string>>;

/** Not for emergencies, in each language (MS33). */
export const NOT_FOR_EMERGENCIES: TemplateRow = {
  en: 'Messages here are not for emergencies and are read in business hours only. In an emergency call 911.',
  es: 'Los mensajes aquí no son para emergencias y se leen solo en horas de oficina. En una emergencia llame al 911.',
};

export const MESSAGE_TEMPLATES = {
  'appointment-reminder': {
    en: 'You have an appointment on {date} at {time} at {place}. Questions? Call {phone}.',
    es: 'Usted tiene una cita el {date} a las {time} en {place}. ¿Preguntas? Llame al {phone}.',
  },
  'appointment-confirm': {
    en: 'You have an appointment on {date} at {time} at {place}. Please confirm it here: {link}',
    es: 'Usted tiene una cita el {date} a las {time} en {place}. Por favor, confírmela aquí: {link}',
  },
  'appointment-moved': {
    en: 'Your appointment has moved to {date} at {time} at {place}. Questions? Call {phone}.',
    es: 'Su cita se cambió al {date} a las {time} en {place}. ¿Preguntas? Llame al {phone}.',
  },
  'appointment-cancelled': {
    en: 'Your appointment on {date} is cancelled. Please call {phone} for another one.',
    es: 'Su cita del {date} está cancelada. Por favor, llame al {phone} para pedir otra.',
  },
  'please-call': {
    en: 'Please call {place} at {phone}.',
    es: 'Por favor, llame a {place} al {phone}.',
  },
  'message-waiting': {
    en: 'You have a message. Sign in: {link}',
    es: 'Usted tiene un mensaje. Inicie sesión: {link}',
  },
  'message-received': {
    en: `We have your message. To be answered here, please confirm that we may write to you: {link} ${NOT_FOR_EMERGENCIES.en}`,
    es: `Recibimos su mensaje. Para recibir la respuesta aquí, confirme que podemos escribirle: {link} ${NOT_FOR_EMERGENCIES.es}`,
  },
  'message-noted': {
    en: `We have your message. ${NOT_FOR_EMERGENCIES.en}`,
    es: `Recibimos su mensaje. ${NOT_FOR_EMERGENCIES.es}`,
  },
} as const satisfies Record<string, TemplateRow>;

export type TemplateId = keyof typeof MESSAGE_TEMPLATES;

/** A template with what stands in its slots; `place` is a reference. */
export interface TemplateUse {
  readonly id: TemplateId;
  readonly language: Language;
  readonly slots: Readonly<Partial<Record<Slot, string>>>;
}

/** The slots that the words of a template have. */
export const slotsOf = (id: TemplateId): readonly Slot[] =>
  SLOTS.filter((slot) => MESSAGE_TEMPLATES[id].en.includes(`{${slot}}`));

interface Part {
  readonly url?: unknown;
  readonly extension?: readonly Part[];
  readonly valueCanonical?: unknown;
  readonly valueCode?: unknown;
  readonly valueDate?: unknown;
  readonly valueTime?: unknown;
  readonly valueString?: unknown;
  readonly valueUrl?: unknown;
  readonly valueReference?: { readonly reference?: unknown };
}

const isTemplate = ({ url }: Part): boolean => url === TEMPLATE_EXTENSION;

const extensionsOf = (resource: Resource): readonly Part[] =>
  Array.isArray(resource['extension']) ? (resource['extension'] as readonly Part[]) : [];

/** The template that a resource names; undefined where it names none, two, or one whose slots do not fit. */
export function templateIn(resource: Resource): TemplateUse | undefined {
  const [part, other] = extensionsOf(resource).filter(isTemplate);
  const parts = part?.extension ?? [];
  const canonical = parts.find(({ url }) => url === 'template')?.valueCanonical;
  const isOurs = typeof canonical === 'string' && canonical.startsWith(TEMPLATE_BASE);
  const id = isOurs ? canonical.slice(TEMPLATE_BASE.length) : '';
  if (other !== undefined || !Object.hasOwn(MESSAGE_TEMPLATES, id)) return undefined;
  const language = LANGUAGES.find(
    (one) => one === (parts.find(({ url }) => url === 'language')?.valueCode ?? 'en'),
  );
  const wanted = slotsOf(id as TemplateId);
  const slots = Object.fromEntries(
    wanted.flatMap((slot) => {
      const value = valueOf(
        slot,
        parts.find(({ url }) => url === slot),
      );
      return value === undefined ? [] : [[slot, value]];
    }),
  );
  const names = new Set<unknown>(['template', 'language', ...wanted]);
  if (language === undefined || parts.length !== new Set(parts.map(({ url }) => url)).size) return undefined;
  if (Object.keys(slots).length !== wanted.length || parts.some(({ url }) => !names.has(url)))
    return undefined;
  return { id: id as TemplateId, language, slots };
}

/** What a slot takes: nothing that could hold words of a sender. */
const SHAPES: Readonly<Record<Slot, RegExp>> = {
  date: /^\d{4}-\d{2}-\d{2}$/,
  time: /^\d{2}:\d{2}:\d{2}$/,
  place: /^(?:Organization|Location|HealthcareService)\/[A-Za-z0-9.-]{1,64}$/,
  phone: /^\+?[\d ().-]{7,20}$/,
  link: /^https?:\/\/[^\s<>"]{1,300}$/,
};

function valueOf(slot: Slot, part: Part | undefined): string | undefined {
  const { valueDate, valueTime, valueReference, valueString, valueUrl } = part ?? {};
  const value = {
    date: valueDate,
    time: valueTime,
    place: valueReference?.reference,
    phone: valueString,
    link: valueUrl,
  }[slot];
  return typeof value === 'string' && SHAPES[slot].test(value) ? value : undefined;
}

/** The extension that names a template. */
export function templateExtension({ id, language, slots }: TemplateUse): object {
  const parts = Object.entries(slots).map(([slot, value]) => ({ url: slot, ...valueX(slot as Slot, value) }));
  return {
    url: TEMPLATE_EXTENSION,
    extension: [
      { url: 'template', valueCanonical: `${TEMPLATE_BASE}${id}` },
      { url: 'language', valueCode: language },
      ...parts,
    ],
  };
}

function valueX(slot: Slot, value: string): object {
  switch (slot) {
    case 'date':
      return { valueDate: value };
    case 'time':
      return { valueTime: value };
    case 'place':
      return { valueReference: { reference: value } };
    case 'link':
      return { valueUrl: value };
    default:
      return { valueString: value };
  }
}

/** What a template needs to become words. */
interface Rendering {
  /** The name of the place as it may be told; undefined where the slot's reference leads nowhere. */
  readonly place: string | undefined;
  /** Below which address a link must be: no other may be sent. */
  readonly linkBase: string;
}

/** The words of a template; undefined where a slot cannot be filled. */
export function templateText(
  { id, language, slots }: TemplateUse,
  { place, linkBase }: Rendering,
): string | undefined {
  if (slots.link !== undefined && !isBelow(slots.link, linkBase)) return undefined;
  const values: Readonly<Record<Slot, string | undefined>> = {
    date: slots.date && dateWords(slots.date, language),
    time: slots.time && timeWords(slots.time, language),
    place,
    phone: slots.phone?.trim(),
    link: slots.link,
  };
  const wanted = slotsOf(id);
  if (wanted.some((slot) => values[slot] === undefined)) return undefined;
  return wanted.reduce(
    (text, slot) => text.replaceAll(`{${slot}}`, () => values[slot] ?? ''),
    String(MESSAGE_TEMPLATES[id][language]),
  );
}

/** Of the same origin: a link that leads elsewhere could say anything. Its query and fragment are empty. */
function isBelow(link: string, base: string): boolean {
  const [url, own] = [URL.parse(link), URL.parse(base)];
  return (
    url !== null &&
    own !== null &&
    url.origin === own.origin &&
    url.search === '' &&
    url.hash === '' &&
    url.username === ''
  );
}

const MONTHS: Readonly<Record<Language, readonly string[]>> = {
  en: 'January February March April May June July August September October November December'.split(' '),
  es: 'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre'.split(' '),
};

function dateWords(date: string, language: Language): string {
  const [year = '', month = '', day = ''] = date.split('-');
  const name = MONTHS[language][Number(month) - 1] ?? month;
  return language === 'en' ? `${name} ${Number(day)}, ${year}` : `${Number(day)} de ${name} de ${year}`;
}

const NOON = 12;

function timeWords(time: string, language: Language): string {
  const [hour = '', minute = ''] = time.split(':');
  const isMorning = Number(hour) < NOON;
  const half = language === 'en' ? (isMorning ? 'AM' : 'PM') : isMorning ? 'a. m.' : 'p. m.';
  return `${Number(hour) % NOON || NOON}:${minute} ${half}`;
}

/** Elements beside the text by which a message of a template could say more: none of them may stand. */
const SAYING = [
  'topic',
  'note',
  'reasonCode',
  'reasonReference',
  'statusReason',
  'about',
  'text',
  'contained',
  'encounter',
  'modifierExtension',
  'identifier',
  'instantiatesUri',
  'instantiatesCanonical',
] as const;

/** Whether a message says the words of its template, those alone, and nothing beside them. */
export function isTemplateText(message: Resource, rendering: Rendering): boolean {
  const use = templateIn(message);
  const text = use && templateText(use, rendering);
  const payload = message['payload'];
  if (text === undefined || !Array.isArray(payload) || payload.length !== 1) return false;
  const [only] = payload as readonly Readonly<Record<string, unknown>>[];
  return (
    only !== undefined &&
    only['contentString'] === text &&
    Object.keys(only).length === 1 &&
    SAYING.every((name) => message[name] === undefined) &&
    !hasDisplay(message)
  );
}

const hasDisplay = (node: unknown): boolean =>
  typeof node === 'object' &&
  node !== null &&
  Object.entries(node).some(([name, member]) => name === 'display' || hasDisplay(member));
