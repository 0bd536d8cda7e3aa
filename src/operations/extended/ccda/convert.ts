/** Reads a clinical document for a request, or shows it: a large one in a thread of its own. */
import type { ConvertedDocument } from '../../../ccda/read/convert.ts';
import { renderDocument } from '../../../ccda/render.ts';
import { formatInstant } from '../../../fhir/datetime.ts';
import { parseJson } from '../../../fhir/json.ts';
import type { OperationContext } from '../../context.ts';
import { LARGE, shareBytes } from '../../heavy.ts';
import type { Request } from '../../request.ts';
import { readDocument } from './read-document.ts';

/** @throws OperationOutcomeError as `convertDocument` does */
export async function convertInThread(
  { heavy, newId, clock }: OperationContext,
  request: Request,
  bytes: Uint8Array,
  zone: string | undefined,
): Promise<ConvertedDocument> {
  const now = formatInstant(clock.now());
  if (bytes.length < LARGE) return readDocument(bytes, { zone, newId, now });
  const { text, ...rest } = await heavy(askerOf(request), 'convertDocument', shareBytes(bytes), zone, now);
  return {
    ...rest,
    bundle: parseJson(text, { depth: Number.POSITIVE_INFINITY })
      .storing as unknown as ConvertedDocument['bundle'],
  };
}

/** @throws OperationOutcomeError as `renderDocument` does */
export const renderInThread = (
  { heavy }: OperationContext,
  request: Request,
  bytes: Uint8Array,
): Promise<string> =>
  bytes.length < LARGE ? renderDocument(bytes) : heavy(askerOf(request), 'renderDocument', shareBytes(bytes));

const askerOf = ({ caller }: Request): string => caller.organization ?? caller.client;
