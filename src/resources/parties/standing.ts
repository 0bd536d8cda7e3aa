/**
 * The standing of a party (directory, section 1): member, listed or private. It is server state, written into the text as
 * a tag by the commit that changes it, so that a read parses nothing and a search finds it by `_tag`.
 */
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import type { RecordWrite } from '../../ports/record.ts';

export const STANDINGS = ['member', 'listed', 'private'] as const;

export type Standing = (typeof STANDINGS)[number];

export const STANDING_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/standing';

/** Types that have a standing. */
export const PARTY_TYPES: ReadonlySet<string> = new Set([
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Location',
  'HealthcareService',
  'OrganizationAffiliation',
  'Endpoint',
]);

/** How somebody is reached, and whom a network lets in, is said by themselves: nobody keeps a private one of another. */
export const OWN_ONLY: ReadonlySet<string> = new Set(['Endpoint', 'OrganizationAffiliation']);

const isStanding = ({ system }: Coding): boolean => system === STANDING_SYSTEM;

/** As its text says. What was written before there were standings was seen by everyone: it is listed. */
export function standingOf(resource: Resource): Standing {
  const code = resource.meta?.tag?.find(isStanding)?.code;
  return code === 'member' || code === 'private' ? code : 'listed';
}

/** Whether a text has a tag of this system: a client's is dropped. */
export const saysStanding = (resource: Resource | undefined): boolean =>
  resource?.meta?.tag?.some(isStanding) === true;

/** The resource with the tag of this standing and no other of its system. */
export function withStanding(resource: Resource, standing: Standing): Resource {
  const tags = resource.meta?.tag ?? [];
  const tag = [...tags.filter((one) => !isStanding(one)), { system: STANDING_SYSTEM, code: standing }];
  return { ...resource, meta: { ...resource.meta, tag } };
}

/** Who has an account here, beside the Organization's text: found without looking for it. */
export const MEMBER_KIND = 'member';

export const writeMember = (
  organization: Ref,
  body: { readonly by: string; readonly at: string },
): RecordWrite => ({
  kind: MEMBER_KIND,
  key: organization,
  expect: 'any',
  body,
  index: [['all', '']],
});
