/**
 * Binaries whose bytes came as a file: what names it is stored instead of `data`, with a record by which the file is found. It
 * is the server's word alone: whoever could write it could name another's file.
 */
import { isDeepStrictEqual } from 'node:util';
import { mapBody } from '../../fhir/body.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import { claimsFile, FILE_KIND, fileElement, fileOf } from '../../ports/stored-file.ts';
import { typeOf } from '../../resources/element.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';

/** @throws OperationOutcomeError `field-frozen` for a client's word of a file */
export function storeFiles(draft: Draft): void {
  for (const planned of draft.planned.values()) {
    if (typeOf(planned.ref) !== 'Binary' || planned.after === undefined) continue;
    if (planned.origin === 'client') guardClaim(planned);
    nameFile(draft, planned);
  }
}

/** What a patch leaves as it was is no client's word. */
function guardClaim(planned: Planned): void {
  const { before, after } = planned;
  if (after === undefined || !claimsFile(after.plain)) return;
  if (isDeepStrictEqual(after.plain['_data'], before?.['_data'])) return;
  throw new OperationOutcomeError('field-frozen', {
    diagnostics: 'Binary.data: the server alone says which file it is; send the bytes',
    expression: placesIn(planned, ['Binary.data']),
  });
}

function nameFile(draft: Draft, planned: Planned): void {
  const { ref, before, after } = planned;
  if (after === undefined) return;
  const { file, ...body } = after;
  const hasData = after.data !== undefined || after.plain['data'] !== undefined;
  if (file === undefined) {
    // A patch that adds bytes puts them in the place of the file.
    if (hasData && claimsFile(after.plain))
      draft.planned.set(ref, { ...planned, after: mapBody(body, withoutClaim) });
    return;
  }
  // The same bytes again change nothing; the file that came is taken away by who brought it.
  const known = before === undefined ? undefined : fileOf(before);
  const isSame = known?.sha256 === file.sha256 && known.size === file.size;
  const named = isSame ? known : file;
  const naming = mapBody(body, (tree) => ({ ...tree, _data: fileElement(named) }));
  draft.planned.set(ref, { ...planned, after: naming });
  if (isSame) return;
  const { id: key, size, sha256 } = file;
  draft.records.push({ kind: FILE_KIND, key, expect: 'absent', body: { ref, size, sha256 } });
}

function withoutClaim({ _data, ...tree }: Resource & { readonly _data?: unknown }): Resource {
  return tree as Resource;
}
