/** read and vread (http://hl7.org/fhir/R4/http.html#read, #vread), conditional by If-None-Match and If-Modified-Since. */
import { notHere, OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { tagOf } from '../../fhir/etag.ts';
import { narrowedTo, withTold } from '../../ports/query.ts';
import type { Version } from '../../ports/store.ts';
import { placeFile } from '../../ports/stored-file.ts';
import { auditRead } from '../audit/audit.ts';
import type { Seen } from '../seen.ts';
import { noticeOfOne } from '../notice.ts';
import { fileTold } from '../audit/files-told.ts';
import { recordRead } from '../audit/record.ts';
import { admitReader } from '../attachments/scan-told.ts';
import { refuseQuarantined } from '../attachments/quarantine.ts';
import { isFileShown } from '../binary-shown.ts';
import type { Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { sightFor } from '../scope.ts';
import { isWithinNarrowing } from '../write/scoped.ts';
import { readShape, shapeText, type Shape } from '../write/shape.ts';
import { isMasked, maskedInAudit, messageInAudit, showText } from '../show.ts';

export async function performRead(context: OperationContext, request: Request): Promise<Reply> {
  const ref: Ref = `${request.type ?? ''}/${request.id ?? ''}`;
  const shape = readShape(request);
  const found = await readVersion(context, request, ref);
  const received = found === undefined ? await readReceived(context, request, ref) : undefined;
  const version = found ?? received?.version;
  if (version === undefined) return readPackaged(context, request, ref, shape);
  const { seq, at, text } = version;
  const { store, settings } = context;
  if (request.type === 'Binary') {
    if (!(await isFileShown(store.snapshot(), request.caller, version, settings.publicBase)))
      throw notHere(ref);
    await refuseQuarantined(store.snapshot(), version);
    await admitReader(context, request.caller, version);
  }
  if (text === undefined)
    throw new OperationOutcomeError('gone', { diagnostics: `${ref} was deleted at ${at}` });
  const noted = noticeOfOne(context, request.caller, version);
  const { notice, headers, audit } = noted instanceof Promise ? await noted : noted;
  const placed = placeFile(text);
  const whole = { ...version, text: placed.text };
  const shown = shapeText(shape, request.type ?? '', showText({ ...whole, notice }, request.caller));
  const told = { custodian: version.custodian, text: shown };
  const files = fileTold(request.caller, told, placed.file, store.snapshot());
  const row = {
    ...auditRead(request, [seenOf(context, version, text)]),
    ...audit,
    ...(files instanceof Promise ? await files : files),
    ...(request.type === 'Communication' && {
      ...messageInAudit([version]),
      ...maskedInAudit([version], request.caller),
    }),
  };
  await recordRead(context, row);
  const withheld = received?.isTold === true && { headers: NEWER_WITHHELD };
  const masked = isMasked(whole, request.caller) && ({ masked: true } as const);
  if (isUnchanged(request, version, masked !== false))
    return { status: 304, version: seq, at, ...masked, ...withheld };
  return {
    status: 200,
    text: shown,
    ...(placed.file !== undefined && { file: placed.file }),
    version: seq,
    at,
    ...masked,
    ...withheld,
    ...(headers !== undefined && { headers: { ...headers, ...(withheld && withheld.headers) } }),
  };
}

/**
 * Said with a version that the caller received before a denial, where there is a later one; not where to say so says that the
 * person is a patient of a program (harmony Z4).
 */
const NEWER_WITHHELD = { 'X-Withheld': 'newer-version' } as const;

/** The newest version that the caller received of what is withheld from it now (rules 2.12). */
async function readReceived(
  { store }: OperationContext,
  request: Request,
  ref: Ref,
): Promise<{ readonly version: Version; readonly isTold: boolean } | undefined> {
  if (request.interaction !== 'read') return undefined;
  const [snapshot, sight] = [store.snapshot(), sightFor(request)];
  const version = await snapshot.received(ref, sight);
  if (version === undefined) return undefined;
  return { version, isTold: (await snapshot.read(ref, withTold(sight))) !== undefined };
}

/** What comes with this server has no versions; a stored one of the same id cannot be. */
async function readPackaged(
  context: OperationContext,
  request: Request,
  ref: Ref,
  shape: Shape,
): Promise<Reply> {
  const found = request.interaction === 'read' ? context.packaged(ref) : undefined;
  const clause = narrowedTo(sightFor(request), request.type ?? '');
  if (found === undefined || !isWithinNarrowing(clause, ref, found, '')) throw notHere(ref);
  await recordRead(context, { ...auditRead(request, []), entities: [ref] });
  return { status: 200, text: shapeText(shape, request.type ?? '', JSON.stringify(found)) };
}

function readVersion(
  { store }: OperationContext,
  request: Request,
  ref: Ref,
): Promise<Version | undefined> | undefined {
  const sight = sightFor(request);
  const snapshot = store.snapshot();
  if (request.interaction === 'read') return snapshot.read(ref, sight);
  const seq = Number(request.versionId);
  return Number.isSafeInteger(seq) && seq > 0 ? snapshot.vread(ref, seq, sight) : undefined;
}

export function seenOf(
  { patientsOf }: OperationContext,
  { ref, seq, custodian }: Omit<Version, 'at' | 'method' | 'text'>,
  text: string,
): Seen {
  return { ref, seq, custodian, patients: patientsOf(ref, seq, text) };
}

/** If-None-Match goes before If-Modified-Since (RFC 9110, 13.2.2); Last-Modified has whole seconds. */
function isUnchanged(
  { ifNoneMatch, ifModifiedSince }: Request,
  { seq, at }: Version,
  isPart: boolean,
): boolean {
  if (ifNoneMatch !== undefined) return ifNoneMatch.includes('*') || ifNoneMatch.includes(tagOf(seq, isPart));
  if (ifModifiedSince === undefined) return false;
  return Math.floor(Date.parse(at) / 1000) <= Math.floor(ifModifiedSince / 1000);
}
