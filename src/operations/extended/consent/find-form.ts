/** Finds the registered form that a capture names (compliance C14). */
import { consentFormOf, type ConsentForm } from '../../../policies/consent/forms.ts';
import type { Ref } from '../../../fhir/types.ts';
import { EVERYTHING } from '../../../ports/query.ts';
import type { Snapshot } from '../../../ports/store.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import type { OperationContext } from '../../context.ts';

/** Versions of one form that are looked at. */
const VERSIONS_MAX = 20;

/**
 * The published form of a canonical: one that comes with the server, or that the organization or an administrator keeps.
 * Another organization's form attests nothing for this one.
 */
export async function findForm(
  { packaged }: Pick<OperationContext, 'packaged'>,
  snapshot: Snapshot,
  keeper: Ref | undefined,
  canonical: string,
): Promise<ConsentForm | undefined> {
  const [url = '', version] = canonical.split('|');
  const known = packaged(`Questionnaire/${url.slice(url.lastIndexOf('/') + 1)}`);
  if (known?.['url'] === url) return consentFormOf(known);
  const { matches } = await snapshot.search({
    type: 'Questionnaire',
    where: { kind: 'uri', param: 'url', match: 'exact', value: url },
    sort: [],
    sight: EVERYTHING,
    count: VERSIONS_MAX,
    offset: 0,
    total: false,
  });
  const forms = matches
    .filter(({ custodian }) => custodian === '' || custodian === keeper)
    .map(({ text }) => parseStored(text))
    .filter((form) => form['status'] === 'active' && (version === undefined || form['version'] === version));
  const [form] = forms;
  return form === undefined ? undefined : consentFormOf(form);
}
