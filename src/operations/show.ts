/** A stored resource as its reader may see it: addresses and secrets are for those they belong to. */
import { showToAssociate } from '../delivery/agreement-sight.ts';
import { present } from '../delivery/subject.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { showToRoles } from '../identity/role-view.ts';
import { auditedMessage, mostProtected, withoutRecipients } from '../messaging/audited.ts';
import { isWithheld, withheldBy } from '../messaging/masked.ts';
import { showBy } from '../policies/payload/shown.ts';
import type { PresentVersion } from '../ports/rail.ts';
import type { AuditEntry, Version } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { typeOf } from '../resources/element.ts';
import { associateIn, roleViewOf, sightOf, type Caller } from './request.ts';

/** @param version with its custodian, unless it is shown in the reply to the caller's own write */
export const showText = (version: Parameters<PresentVersion>[0], caller: Caller): string =>
  present(version, sightOf(caller));

/** Whether the caller is shown only a part of a version, because of what it or its organization is (harmony Z6). */
export function isMasked({ text, custodian }: Pick<Version, 'text' | 'custodian'>, caller: Caller): boolean {
  if (text === undefined || !mayBePart(custodian, caller)) return false;
  const resource = parseStored(text);
  return partFor(resource, custodian, caller) !== resource;
}

/** What of a read is a row of its own: what was shown, and what was masked. */
interface ReadPart<S> {
  readonly versions: readonly S[];
  readonly audit: Pick<AuditEntry, 'masked' | 'deciding' | 'message'>;
}

/**
 * A read by the rows that it has in the audit: what was shown, and by itself what was masked (baa-messaging MK6), so that
 * whoever asks whether something was ever told does not find what was masked.
 */
export function partsOfRead<S extends Pick<Version, 'ref' | 'text' | 'custodian'>>(
  versions: readonly S[],
  caller: Caller,
): readonly ReadPart<S>[] {
  const isWithheldFrom = (version: S): boolean => maskedInAudit([version], caller).masked === true;
  const masked = caller.agreements === undefined ? [] : versions.filter(isWithheldFrom);
  if (masked.length === 0) return [{ versions, audit: messageInAudit(versions) }];
  const shown = versions.filter((version) => !masked.includes(version));
  const audit = { ...messageInAudit(masked), ...maskedInAudit(masked, caller) };
  const withheld = { versions: masked, audit };
  return shown.length === 0 ? [withheld] : [{ versions: shown, audit: messageInAudit(shown) }, withheld];
}

/** What the audit says of messages that were looked at; of several, of the one that is protected most (baa-messaging MS50). */
export function messageInAudit(
  versions: readonly Pick<Version, 'ref' | 'text'>[],
): Pick<AuditEntry, 'message'> {
  const found = versions.flatMap(({ ref, text }) =>
    typeOf(ref) === 'Communication' && text !== undefined ? (auditedMessage(parseStored(text)) ?? []) : [],
  );
  const most = mostProtected(found);
  if (most === undefined) return {};
  const { content, decidedBy } = most;
  return { message: found.length === 1 ? withoutRecipients(most) : { content, decidedBy } };
}

/** What the audit says of messages whose content is withheld from the caller (baa-messaging MK6). */
export function maskedInAudit(
  versions: readonly Pick<Version, 'ref' | 'text' | 'custodian'>[],
  caller: Caller,
): Pick<AuditEntry, 'masked' | 'deciding'> {
  const associate = associateIn(caller);
  if (associate === undefined) return {};
  const withheld = versions.flatMap(({ ref, text, custodian }) => {
    const message = typeOf(ref) === 'Communication' && text !== undefined ? parseStored(text) : undefined;
    return message && isWithheld(message, custodian, associate) ? [message] : [];
  });
  const deciding = [...new Set(withheld.flatMap((message) => withheldBy(message, associate)))];
  return withheld.length === 0 ? {} : { masked: true, ...(deciding.length > 0 && { deciding }) };
}

const mayBePart = (custodian: Ref | '' | undefined, caller: Caller): boolean =>
  payloadFor(custodian, caller) !== undefined ||
  roleViewOf(caller) !== undefined ||
  caller.agreements !== undefined;

/** What the caller is shown of the elements of a resource; the resource itself where that is all of it. */
export function partFor(resource: Resource, custodian: Ref | '' | undefined, caller: Caller): Resource {
  const [payload, view, associate] = [payloadFor(custodian, caller), roleViewOf(caller), associateIn(caller)];
  const told = payload === undefined ? resource : showBy(payload, resource, false);
  const part =
    associate === undefined ? told : showToAssociate(associate, told, custodian ?? associate.organization);
  return view === undefined ? part : showToRoles(view, part);
}

/** By which row the caller's organization is told of what another keeps. */
const payloadFor = (custodian: Ref | '' | undefined, { payload, organization }: Caller): string | undefined =>
  custodian === organization || custodian === '' ? undefined : payload;

/** A version that an answer stands for. */
type ShownResult = Pick<Parameters<PresentVersion>[0], 'ref' | 'notice'> & {
  readonly text: string;
  readonly custodian: Ref | '' | undefined;
};

/**
 * What a reply to a write shows. Of what was there before, whoever is told by a row of the payload table is shown as much as
 * by a read.
 */
export function showResult(
  { ref, text, custodian, notice }: ShownResult,
  caller: Caller,
): { readonly text: string; readonly masked: boolean } {
  const isLimited =
    (caller.payload !== undefined || caller.agreements !== undefined) && custodian !== undefined;
  const isViewed = roleViewOf(caller) !== undefined || caller.agreements !== undefined;
  const shown = showText({ ref, text, notice, ...(isLimited && { custodian }) }, caller);
  return {
    text: shown,
    masked:
      (isLimited || isViewed) &&
      isMasked({ text, custodian: custodian ?? caller.organization ?? '' }, caller),
  };
}
