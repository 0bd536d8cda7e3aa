/** Reads a clinical document for a request. */
import type { ConvertedDocument } from '../../../ccda/read/convert.ts';
import { formatInstant } from '../../../fhir/datetime.ts';
import { parseJson } from '../../../fhir/json.ts';
import type { OperationContext } from '../../context.ts';
import { LARGE } from '../../heavy.ts';
import type { Request } from '../../request.ts';
import { readDocument } from './read-document.ts';

/** A large document is read in a thread of its own. */
export async function convertInThread(
  { heavy, newId, clock }: OperationContext,
  { caller }: Request,
  bytes: Uint8Array,
  zone: string | undefined,
): Promise<ConvertedDocument> {
  const now = formatInstant(clock.now());
  if (bytes.length < LARGE) return readDocument(bytes, { zone, newId, now });
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const { text, ...rest } = await heavy(
    caller.organization ?? caller.client,
    'convertDocument',
    shared,
    zone,
    now,
  );
  return {
    ...rest,
    bundle: parseJson(text, { depth: Number.POSITIVE_INFINITY })
      .storing as unknown as ConvertedDocument['bundle'],
  };
}
