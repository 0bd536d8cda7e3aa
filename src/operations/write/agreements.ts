/** Business associate agreements as they are written: every way obeys the table (baa-messaging BA1–BA3, BA6). */
import { createHash } from 'node:crypto';
import {
  associateOf,
  documentHashOf,
  isAgreement,
  kindsOfAgreement,
  principalOf,
  signaturesIn,
  type Side,
} from '../../agreements/contract.ts';
import { signersAdded } from '../../agreements/evidence.ts';
import { ASSOCIATE, isAssociate } from '../../agreements/applies.ts';
import { judgeAgreement } from '../../agreements/move.ts';
import type { AgreementActor } from '../../agreements/transitions.ts';
import { findSameEntity, readKinds } from '../../delivery/party-facts.ts';
import { OperationOutcomeError, type IssueCode } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { fileOf } from '../../ports/stored-file.ts';
import { localRef, ownRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { standingOf } from '../../resources/parties/standing.ts';
import { partyIn, resolveParty } from '../../resources/party.ts';
import { isOfRecord } from '../messages/negotiation.ts';
import { planEnded } from '../agreements/ended.ts';
import { actorOf } from '../request.ts';
import { placesIn, plan, replan, type Draft, type Planned } from './draft.ts';
import { readPreview } from './preview.ts';
import { partyWorldIn } from './rule-context.ts';

/** @throws OperationOutcomeError what the table refuses, naming the element */
export async function ruleAgreements(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    const { ref, before, after, origin } = planned;
    if (typeOf(ref) !== 'Contract' || origin === 'server') continue;
    if (isAgreement(before) || isAgreement(after?.plain)) await ruleAgreement(draft, planned);
  }
}

async function ruleAgreement(draft: Draft, planned: Planned): Promise<void> {
  const { ref, before, after } = planned;
  const actor = actorIn(draft, planned);
  const { fault, move, stored } = judgeAgreement({
    before,
    after: after?.plain,
    actor,
    now: Date.parse(draft.now),
    user: draft.caller.user,
    named: after === undefined ? [] : await agreementsNamed(draft, ref, after.plain),
  });
  if (fault !== undefined) throw refuse(planned, fault.code, fault.says, fault.path);
  if (after === undefined || stored === undefined) return;
  await checkSigners(draft, planned, after.plain, actor);
  if (move === undefined) await checkPaper(draft, planned, after.plain);
  else if (HASHED.has(move.event)) await checkDocument(draft, planned, after.plain);
  if (move?.event === 'begin' || move?.event === 'renew' || move?.event === 'offer')
    await checkTwoEntities(draft, planned, after.plain);
  if (move !== undefined && BEGUN_OR_SIGNED.has(move.event))
    await checkPrincipal(draft, planned, after.plain);
  replan(draft, ref, stored);
  await askBack(draft, ref, after.plain, move?.event);
}

/** Where an agreement ends by a move, its principal asks for what was told; where it never should have been, who relied on it is listed. */
async function askBack(
  draft: Draft,
  ref: Ref,
  agreement: Resource,
  event: string | undefined,
): Promise<void> {
  if (event !== 'revoke' && event !== 'error') return;
  if (draft.planned.get(ref)?.before?.['status'] === 'revoked') return; // asked when it was revoked for later
  const { snapshot, now: at, context } = draft;
  const why = event === 'error' ? 'error' : 'revoked';
  const item = await planEnded(snapshot, { ref, agreement, why, at, newId: context.newId });
  if (item !== undefined) plan(draft, item);
}

/** Moves by which a side says that it has read the document. */
const HASHED: ReadonlySet<string> = new Set(['offer', 'counter', 'sign-first', 'sign-second']);

/**
 * Nobody offers or signs by a hash that is not that of the document which is stored here, or no longer; and nobody shows a
 * file of a patient's record as the document of an agreement (BA10).
 */
async function checkDocument(draft: Draft, planned: Planned, after: Resource): Promise<void> {
  const [url] = valuesAt(after, 'legal.contentAttachment.url');
  const stated = documentHashOf(after);
  if (typeof url !== 'string' || stated === undefined) return;
  if (await isOfRecord(draft, url))
    throw refuse(
      planned,
      'agreement-incomplete',
      'its document belongs to the record of a patient',
      'Contract.legal',
    );
  const ref = ownRefOf(draft.context.settings.publicBase, url);
  if (ref === undefined || typeOf(ref) !== 'Binary')
    throw refuse(
      planned,
      'agreement-incomplete',
      'Needed: the url of its document names a Binary of this server, as in Binary/1, which both parties can read',
      'Contract.legal',
    );
  const binary = await readPreview(draft, ref);
  const found = binary === undefined ? undefined : sha256Of(binary);
  if (found === undefined || found === stated) return;
  throw refuse(
    planned,
    'agreement-incomplete',
    'its content-hash is not the SHA-256 of the document as it is stored',
    'Contract.legal',
  );
}

function sha256Of(binary: Resource): string | undefined {
  const { data } = binary;
  const file = fileOf(binary);
  if (file !== undefined) return file.sha256;
  return typeof data === 'string' ? createHash('sha256').update(data, 'base64').digest('hex') : undefined;
}

const refuse = (
  planned: Planned,
  code: IssueCode,
  diagnostics: string,
  path: string,
): OperationOutcomeError =>
  new OperationOutcomeError(code, { diagnostics, expression: placesIn(planned, [path]) });

/** Who acts: a party of the agreement as it is; of a new one, as it is written. */
function actorIn({ caller }: Draft, { before, after }: Planned): AgreementActor | undefined {
  const agreement = isAgreement(before) ? before : after?.plain;
  const organization = actorOf(caller);
  if (organization === undefined) return caller.administrator ? 'administrator' : undefined;
  if (agreement === undefined) return undefined;
  if (organization === principalOf(agreement)) return 'principal';
  return organization === associateOf(agreement) ? 'associate' : undefined;
}

/** Agreements that `supportingInfo` names; a few are enough. */
const NAMED_MAX = 20;

async function agreementsNamed(draft: Draft, self: Ref, after: Resource): Promise<readonly Resource[]> {
  const refs = valuesAt(after, 'supportingInfo')
    .flatMap((one) => localRef(one) ?? [])
    .filter((ref) => typeOf(ref) === 'Contract' && ref !== self);
  const named = await Promise.all(refs.slice(0, NAMED_MAX).map((ref) => readPreview(draft, ref)));
  return named.filter(isAgreement);
}

/** Whoever signs, and whoever is named as signer, is of the side that it signs for; what was filed on paper is not asked. */
async function checkSigners(
  draft: Draft,
  planned: Planned,
  after: Resource,
  actor: AgreementActor | undefined,
): Promise<void> {
  const added = signersAdded(planned.before, after).flatMap(signaturesIn);
  for (const signature of added) {
    if (signature.side !== actor) continue;
    const party = partyOfSide(after, signature.side);
    for (const who of [signature.who, signature.party]) {
      const found = partyIn(await resolveParty(who, partyWorldIn(draft)));
      if (found === undefined || found !== party)
        throw refuse(
          planned,
          'not-your-signature',
          `the ${actor} signs by its own people`,
          'Contract.signer',
        );
    }
  }
}

const partyOfSide = (agreement: Resource, side: Side): Ref | undefined =>
  side === 'principal' ? principalOf(agreement) : associateOf(agreement);

/**
 * On paper a principal files the signature of whoever works for others, or of an outsider: a provider signs here itself, so
 * that nobody makes it an associate, and opens the gate to it, by a paper of its own (BA2).
 */
async function checkPaper(draft: Draft, planned: Planned, after: Resource): Promise<void> {
  const [principal, associate] = [principalOf(after), associateOf(after)];
  if (principal === undefined || associate === undefined) return;
  if (
    !signersAdded(planned.before, after)
      .flatMap(signaturesIn)
      .some(({ side }) => side === 'associate')
  )
    return;
  const record = await readPreview(draft, associate);
  if (record === undefined || standingOf(record) === 'private') return;
  const kinds = await readKinds(
    draft.snapshot,
    associate,
    principal,
    draft.context.settings.partyKindDefault,
  );
  if (kinds.has(ASSOCIATE) || kinds.has('intermediary')) return;
  throw refuse(
    planned,
    'not-your-signature',
    'the associate is no party that works for others: it signs here itself',
    'Contract.signer',
  );
}

/** Moves by which an agreement comes nearer to being in force. */
const BEGUN_OR_SIGNED: ReadonlySet<string> = new Set(['begin', 'renew', ...HASHED]);

/**
 * Who only works for others has subcontractors, and no associates: what it tells them hangs on the agreement above it
 * (BA7; 45 CFR 164.504(e)(5)), which another type of agreement would leave out.
 */
async function checkPrincipal(draft: Draft, planned: Planned, after: Resource): Promise<void> {
  const principal = principalOf(after);
  if (principal === undefined || (await readPreview(draft, principal)) === undefined) return;
  if (!isAssociate(await readKinds(draft.snapshot, principal, principal, 'none'))) return;
  const kinds = kindsOfAgreement(after);
  if (kinds.includes('subcontractor-baa') && !kinds.includes('baa') && !kinds.includes('government-mou'))
    return;
  throw refuse(
    planned,
    'agreement-incomplete',
    'its principal works for others: its agreements are of the type subcontractor-baa',
    'Contract.type',
  );
}

/** Within one legal entity nothing is disclosed, and nobody is an associate (45 CFR 160.103; compliance D2). */
async function checkTwoEntities(draft: Draft, planned: Planned, after: Resource): Promise<void> {
  const [principal, associate] = [principalOf(after), associateOf(after)];
  if (principal === undefined || associate === undefined) return;
  if (!(await findSameEntity((ref) => readPreview(draft, ref), principal, associate))) return;
  throw refuse(
    planned,
    'agreement-incomplete',
    'its two parties are not of one legal entity',
    'Contract.subject',
  );
}
