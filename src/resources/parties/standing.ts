/**
 * The standing of a party (directory, "Standings"): member, listed or private. It is server state. The commit that
 * changes it writes it into the text as a tag, so that a read parses nothing and a search finds it by `_tag`.
 */
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import { DIRECT } from '../../ports/direct.ts';
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

/** Types of which nobody keeps a private record: each network says itself whom it lets in. */
const OWN_ONLY: ReadonlySet<string> = new Set(['OrganizationAffiliation']);

/**
 * Whether nobody keeps such a record of others. Each party says itself how it is reached; only the Direct address of
 * somebody outside is noted by whoever writes to it (directory DR46).
 */
export const isOwnOnly = (resource: Resource): boolean =>
  OWN_ONLY.has(resource.resourceType) ||
  (resource.resourceType === 'Endpoint' &&
    (resource['connectionType'] as Coding | undefined)?.code !== DIRECT);

/** Types of which an organization may keep private records. */
export const KEPT_PRIVATELY: readonly string[] = [...PARTY_TYPES].filter((type) => !OWN_ONLY.has(type));

const isStanding = ({ system }: Coding): boolean => system === STANDING_SYSTEM;

/**
 * The standing by a resource's text. A text from before there were standings was visible to everyone, so it is listed.
 */
export function standingOf(resource: Resource): Standing {
  const code = resource.meta?.tag?.find(isStanding)?.code;
  return code === 'member' || code === 'private' ? code : 'listed';
}

/** Whether a text has a tag of this system. The server drops a client's tag. */
export const saysStanding = (resource: Resource | undefined): boolean =>
  resource?.meta?.tag?.some(isStanding) === true;

/** The resource with the tag of this standing and no other of the system. */
export function withStanding(resource: Resource, standing: Standing): Resource {
  const tags = resource.meta?.tag ?? [];
  const tag = [...tags.filter((one) => !isStanding(one)), { system: STANDING_SYSTEM, code: standing }];
  return { ...resource, meta: { ...resource.meta, tag } };
}

/** The kind of the records of members. The server finds an account by them without a search. */
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
