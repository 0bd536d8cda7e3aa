/** create (http://hl7.org/fhir/R4/http.html#create), conditional by If-None-Exist. */
import { mapBody } from '../../fhir/body.ts';
import { plan, type Draft } from '../write/draft.ts';
import { selectOne } from '../write/condition.ts';
import { seenOf } from './read.ts';
import type { BodiedRequest, WriteResult, WriteRequest } from './write.ts';
import { readCurrent } from '../write/preview.ts';

export async function planCreate(draft: Draft, request: BodiedRequest): Promise<WriteResult> {
  const { body } = request;
  const existing = await findExisting(draft, request);
  if (existing !== undefined) return existing;
  const id = request.newId ?? draft.context.newId();
  const ref = `${request.type}/${id}` as const;
  const after = mapBody(body, (tree) => ({ ...tree, id }));
  plan(draft, {
    ref,
    method: 'POST',
    base: 0,
    before: undefined,
    after,
    custodian: '',
    origin: 'client',
    parties: [],
  });
  return { kind: 'planned', ref, status: 201 };
}

async function findExisting(
  draft: Draft,
  { type, ifNoneExist }: WriteRequest,
): Promise<WriteResult | undefined> {
  if (ifNoneExist === undefined) return undefined;
  const ref = await selectOne(draft, type, ifNoneExist);
  if (ref === undefined) return undefined;
  const current = await readCurrent(draft, ref);
  if (current === undefined) return { kind: 'planned', ref, status: 200 }; // by an earlier entry of the same bundle
  const { version } = current;
  draft.seen.push(seenOf(draft.context, version, version.text ?? ''));
  return { kind: 'existing', ref, seq: version.seq };
}
