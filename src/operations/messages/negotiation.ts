/**
 * Whether a message is about an agreement and nothing else (baa-messaging BA10): the Contracts that it names are agreements
 * between organizations that take part, and its files are no part of anybody's record.
 */
import { associateOf, isAgreement, principalOf } from '../../agreements/contract.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { attachmentsIn, type ContentContext } from '../../messaging/content.ts';
import { EVERYTHING, type Query } from '../../ports/query.ts';
import { localRef, ownRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { patientsOfCompartments } from '../values.ts';
import type { Draft } from '../write/draft.ts';
import { findPreview, readPreview } from '../write/preview.ts';
import { namedIn, organizationsNamed } from './senders.ts';

/** Contracts and files of one message that are looked at. What lies beyond them counts as something else. */
const LOOKED_AT_MAX = 20;

/** What a message names, by its references as they are written. */
export async function readNegotiation(
  draft: Draft,
  message: Resource,
  thread: Resource | undefined,
): Promise<Required<Pick<ContentContext, 'isAgreement' | 'isOfRecord'>>> {
  const both = [message, ...(thread === undefined ? [] : [thread])];
  const parties = await organizationsNamed(draft, both.flatMap(namedIn));
  const attached = attachmentsIn(message);
  const named = [
    ...both.flatMap((one) => NAMES.flatMap((path) => valuesAt(one, path))),
    ...attached.map(({ reference }) => reference),
  ].filter((one) => typeof one === 'string');
  const agreements = new Set<string>();
  for (const reference of [...new Set(named)].slice(0, LOOKED_AT_MAX)) {
    const ref = localRef({ reference });
    const contract = ref === undefined ? undefined : await readPreview(draft, ref);
    if (!isAgreement(contract)) continue;
    const [principal, associate] = [principalOf(contract), associateOf(contract)];
    if (
      principal !== undefined &&
      associate !== undefined &&
      parties.has(principal) &&
      parties.has(associate)
    )
      agreements.add(reference);
  }
  const papers = new Set<unknown>();
  for (const { url } of attached.slice(0, LOOKED_AT_MAX))
    if (typeof url !== 'string' || !(await isOfRecord(draft, url))) papers.add(url);
  return { isAgreement: (reference) => agreements.has(reference), isOfRecord: (url) => !papers.has(url) };
}

const NAMES = ['about.reference', 'basedOn.reference', 'subject.reference'];

/** A file that says whose record it belongs to, or to which a document about a patient points. */
export async function isOfRecord(draft: Draft, url: string): Promise<boolean> {
  const { publicBase } = draft.context.settings;
  const [plain = ''] = url.split('/_history/');
  const file = ownRefOf(publicBase, plain);
  if (file === undefined) return false;
  const contexts = valuesAt(await readPreview(draft, file), 'securityContext').flatMap(
    (one) => localRef(one) ?? [],
  );
  if (contexts.some((ref) => !OF_BUSINESS.has(typeOf(ref)))) return true;
  for (const ref of await findPreview(draft, documentsWith(file, `${publicBase}/${file}`))) {
    const document = await readPreview(draft, ref);
    if (document !== undefined && patientsOfCompartments(document).length > 0) return true;
  }
  return false;
}

/** Types that a paper of an agreement may be filed under. */
const OF_BUSINESS: ReadonlySet<string> = new Set(['Contract', 'DocumentReference', 'Organization']);

const documentsWith = (...files: readonly [Ref, string]): Query => ({
  type: 'DocumentReference',
  where: {
    kind: 'any',
    of: files.map((value) => ({ kind: 'uri', param: 'location', match: 'exact', value }) as const),
  },
  sort: [],
  sight: EVERYTHING,
  count: LOOKED_AT_MAX,
  offset: 0,
  total: false,
});
