/** People, organizations and their addresses as CDA writes them in its roles. */
import { templateIds, type Template } from './templates.ts';
import { table } from '../table.ts';
import type { Address, ContactPoint, HumanName, Reference, Resource } from '../../fhir/types.ts';
import { concept, idsOf, point } from './values.ts';
import { element, nothing, text, texted, type Xml } from '../../xml/elements.ts';
import type { Writing } from './writing.ts';

/** A party as it stands behind a reference: the person, the organization it acts for, the role between them. */
export interface Party {
  readonly person?: Resource | undefined;
  readonly organization?: Resource | undefined;
  readonly role?: Resource | undefined;
  readonly device?: Resource | undefined;
}

/** The party of a reference; without members where nothing of it is told. */
export function partyOf(writing: Writing, reference: Reference | undefined): Party {
  const found = writing.lookUp(reference);
  switch (found?.resourceType) {
    case 'PractitionerRole': {
      const person = writing.lookUp(found['practitioner'] as Reference | undefined);
      const organization = writing.lookUp(found['organization'] as Reference | undefined);
      return { role: found, person, organization };
    }
    case 'Practitioner':
    case 'RelatedPerson':
    case 'Patient':
      return { person: found };
    case 'Organization':
      return { organization: found };
    case 'Device':
      return { device: found };
    default:
      return {};
  }
}

export const isKnown = ({ person, organization, device }: Party): boolean =>
  person !== undefined || organization !== undefined || device !== undefined;

const listAt = <Value>(resource: Resource | undefined, name: string): readonly Value[] =>
  (resource?.[name] ?? []) as readonly Value[]; // validated structure

const NAME_USES: Readonly<Record<string, string>> = table({
  usual: 'L',
  official: 'L',
  nickname: 'P',
  anonymous: 'P',
});

/** A person's name; the first that is in use. */
export function personName(resource: Resource | undefined): Xml {
  const names = listAt<HumanName>(resource, 'name');
  const name = names.find(({ use }) => use === 'official' || use === 'usual') ?? names[0];
  return name === undefined ? nothing('name', 'UNK') : nameOf(name);
}

function nameOf({ use, given = [], family, prefix = [], suffix = [], text: whole }: HumanName): Xml {
  const attributes = { use: use === undefined ? undefined : NAME_USES[use] };
  if (family === undefined && given.length === 0) {
    return whole === undefined ? nothing('name', 'UNK') : element('name', attributes, text(whole));
  }
  return element(
    'name',
    attributes,
    prefix.map((part) => texted('prefix', part)),
    given.length === 0 ? nothing('given', 'UNK') : given.map((part) => texted('given', part)),
    family === undefined ? nothing('family', 'UNK') : texted('family', family),
    suffix.map((part) => texted('suffix', part)),
  );
}

/** A patient's name, which has parts: a name that is text alone stands for the family name. */
export const patientName = ({ text: whole, ...name }: HumanName): Xml =>
  nameOf(
    name.family === undefined && name.given === undefined && whole !== undefined
      ? { ...name, family: whole }
      : name,
  );

const ADDRESS_USES: Readonly<Record<string, string>> = table({
  home: 'HP',
  work: 'WP',
  temp: 'TMP',
  old: 'BAD',
  billing: 'PST',
});

/** Addresses as US Realm has them; one that lacks what it asks for says so part by part. */
export function addresses(...resources: readonly (Resource | undefined)[]): readonly Xml[] {
  const found = resources.flatMap((resource) => [resource?.['address'] ?? []].flat() as readonly Address[]);
  return found.length === 0 ? [nothing('addr', 'UNK')] : found.slice(0, 5).map(addressOf);
}

function addressOf({
  use,
  line = [],
  city,
  district,
  state,
  postalCode,
  country,
  text: whole,
}: Address): Xml {
  const lines =
    line.length > 0 ? line.slice(0, 4) : whole === undefined ? [] : [whole.replaceAll(/\s+/g, ' ')];
  const part = (name: string, value: string | undefined) => texted(name, value) ?? nothing(name, 'UNK');
  return element(
    'addr',
    { use: use === undefined ? undefined : ADDRESS_USES[use] },
    lines.length === 0
      ? nothing('streetAddressLine', 'UNK')
      : lines.map((one) => texted('streetAddressLine', one)),
    part('city', city),
    texted('county', district),
    part('state', state),
    part('postalCode', postalCode),
    texted('country', country),
  );
}

const TELECOM_USES: Readonly<Record<string, string>> = table({
  home: 'HP',
  work: 'WP',
  mobile: 'MC',
  temp: 'TMP',
  old: 'BAD',
});
const SCHEMES: Readonly<Record<string, string>> = table({
  phone: 'tel:',
  email: 'mailto:',
  fax: 'fax:',
  pager: 'tel:',
  sms: 'sms:',
});

/** Telephone numbers and the like of the first resource that has some. */
export function telecoms(...resources: readonly (Resource | undefined)[]): readonly Xml[] {
  const found =
    resources.map((resource) => listAt<ContactPoint>(resource, 'telecom')).find((some) => some.length > 0) ??
    [];
  const written = found.filter(({ value }) => value !== undefined).slice(0, 10);
  return written.length === 0 ? [nothing('telecom', 'UNK')] : written.map(telecomOf);
}

function telecomOf({ system = 'other', use, value = '' }: ContactPoint): Xml {
  const scheme = SCHEMES[system] ?? '';
  const address =
    system === 'phone' || system === 'pager' || system === 'fax'
      ? value.replaceAll(/\s+/g, '-')
      : value.trim();
  const uses = system === 'pager' ? 'PG' : use === undefined ? undefined : TELECOM_USES[use];
  return element('telecom', {
    use: uses,
    value: address.startsWith(scheme) ? address : `${scheme}${address}`,
  });
}

/** The name of an organization. */
export const organizationName = (organization: Resource | undefined): Xml =>
  texted('name', organization?.['name'] as string | undefined) ?? nothing('name', 'UNK');

/** An organization in a role: ids, name, telecom, address. */
export const organizationOf = (writing: Writing, name: string, organization: Resource): Xml =>
  element(
    name,
    {},
    idsOf(writing, organization),
    organizationName(organization),
    telecoms(organization),
    addresses(organization),
  );

const NUCC = 'http://nucc.org/provider-taxonomy';

/** The code of a role: what its bearer is a specialist of. */
export function specialtyOf(writing: Writing, role: Resource | undefined): Xml | undefined {
  const [specialty] = listAt<{ coding?: { system?: string }[] }>(role, 'specialty');
  return specialty?.coding?.some(({ system }) => system === NUCC) === true
    ? concept(writing, 'code', specialty, { prefers: NUCC })
    : undefined;
}

/** The inside of an `assignedEntity`, or of an `assignedAuthor`. */
export function assigned(
  writing: Writing,
  name: string,
  { person, organization, role, device }: Party,
  ...templates: readonly Template[]
): Xml {
  const named = person ?? device ?? organization;
  const isAuthor = name === 'assignedAuthor';
  return element(
    name,
    {},
    ...templateIds(...templates),
    named === undefined ? nothing('id', 'UNK') : idsOf(writing, named),
    specialtyOf(writing, role),
    addresses(...firstWith('address', person, organization)),
    telecoms(role, person, organization),
    device === undefined || !isAuthor
      ? element(
          'assignedPerson',
          {},
          person === undefined ? organizationAsPerson(organization) : personName(person),
        )
      : deviceOf(device),
    organization === undefined ? undefined : organizationOf(writing, 'representedOrganization', organization),
  );
}

const firstWith = (
  name: string,
  ...resources: readonly (Resource | undefined)[]
): readonly (Resource | undefined)[] =>
  resources.filter((resource) => resource?.[name] !== undefined).slice(0, 1);

/** Where no person is named, the name of the organization stands for one. */
const organizationAsPerson = (organization: Resource | undefined): Xml =>
  texted('name', organization?.['name'] as string | undefined) ?? nothing('name', 'UNK');

const deviceOf = (device: Resource): Xml => {
  const names = listAt<{ name?: string }>(device, 'deviceName').flatMap(({ name }) => name ?? []);
  return element(
    'assignedAuthoringDevice',
    {},
    texted('manufacturerModelName', names[0] ?? 'unknown'),
    texted('softwareName', names[1] ?? names[0] ?? 'unknown'),
  );
};

const TEMPLATE = '2.16.840.1.113883.10.20.22.4.119';

/** Who wrote an entry, and when (Author Participation): told by id where the header names them. */
export function authorOf(
  writing: Writing,
  reference: Reference | undefined,
  time: string | undefined,
): Xml | undefined {
  const party = partyOf(writing, reference);
  const named = party.person ?? party.device ?? party.organization;
  if (named === undefined) return undefined;
  return element(
    'author',
    {},
    element('templateId', { root: TEMPLATE }),
    point('time', time),
    element(
      'assignedAuthor',
      {},
      idsOf(writing, named),
      specialtyOf(writing, party.role),
      party.person === undefined ? undefined : element('assignedPerson', {}, personName(party.person)),
      party.organization === undefined
        ? undefined
        : element(
            'representedOrganization',
            {},
            idsOf(writing, party.organization),
            organizationName(party.organization),
          ),
    ),
  );
}
