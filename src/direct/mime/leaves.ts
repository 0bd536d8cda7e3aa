/**
 * The leaves of a mail, in order, without their encodings. What stands in a forwarded message is that message's, and stays
 * in one piece: a package within it was not sent by this sender.
 */
import type { DirectPart } from '../../ports/direct.ts';
import type { MailFault, MailRemark } from './faults.ts';
import { unflow } from './flowed.ts';
import { partTypeOf, readMailHeader, readParameters, valueOf, type HeaderBlock } from './header.ts';
import type { MailLimits } from './limits.ts';
import { readMessageId } from './mailbox.ts';
import { cutParts, type ByteSpan } from './multipart.ts';
import { decodeTransfer } from './transfer.ts';
import { decodeText, parameterText } from './words.ts';

export interface Leaf extends DirectPart {
  readonly contentId: string | undefined;
}

type Leaves =
  | { readonly kind: 'leaves'; readonly leaves: readonly Leaf[]; readonly remarks: readonly MailRemark[] }
  | { readonly kind: 'fault'; readonly fault: MailFault };

/** What is counted on the way through one mail. */
interface Walk {
  readonly bytes: Uint8Array;
  readonly limits: MailLimits;
  readonly remarks: Set<MailRemark>;
  entities: number;
}

/** Reads the body under a header. Never throws. */
export function readLeaves(bytes: Uint8Array, header: HeaderBlock, limits: MailLimits): Leaves {
  const walk: Walk = { bytes, limits, remarks: new Set(), entities: 0 };
  if (hasBareLineEnds(bytes)) walk.remarks.add('line-ends');
  const leaves = walkEntity(walk, header, bytes.length, 0);
  if (typeof leaves === 'string') return { kind: 'fault', fault: leaves };
  return { kind: 'leaves', leaves, remarks: [...walk.remarks] };
}

function walkEntity(
  walk: Walk,
  header: HeaderBlock,
  end: number,
  depth: number,
): readonly Leaf[] | MailFault {
  walk.entities += 1;
  if (walk.entities > walk.limits.partsMax) return 'too-many-parts';
  if (depth > walk.limits.depthMax) return 'too-deep';
  const type = partTypeOf(header.fields);
  const body = { start: header.bodyStart, end };
  if (!type.value.startsWith('multipart/')) return [readLeaf(walk, header, body)];
  const cut = cutParts(walk.bytes, type.parameters.get('boundary'), body, walk.limits.partsMax);
  if (cut === undefined || cut.parts.length === 0) {
    walk.remarks.add('cut-off');
    return [readLeaf(walk, header, body)];
  }
  if (cut.hasMore) return 'too-many-parts';
  if (!cut.isClosed) walk.remarks.add('cut-off');
  const children: Leaf[][] = [];
  for (const part of cut.parts) {
    const inner = readMailHeader(walk.bytes, walk.limits, part.start, part.end);
    if (typeof inner === 'string') return inner;
    const found = walkEntity(walk, inner, part.end, depth + 1);
    if (typeof found === 'string') return found;
    children.push([...found]);
  }
  return type.value === 'multipart/alternative' ? chosen(children) : children.flat();
}

/** Of one text in several forms, the plain one: a page that is written in HTML is never shown. */
function chosen(alternatives: readonly (readonly Leaf[])[]): readonly Leaf[] {
  const all = alternatives.flat();
  const isText = ({ contentType, fileName }: Leaf, type: string): boolean =>
    contentType === type && fileName === undefined;
  if (!all.some((leaf) => isText(leaf, 'text/plain'))) return all;
  return all.filter((leaf) => !isText(leaf, 'text/html'));
}

const SHOWN: ReadonlySet<string> = new Set(['text/plain', 'text/html']);
const WINMAIL: ReadonlySet<string> = new Set(['application/ms-tnef', 'application/vnd.ms-tnef']);

function readLeaf({ bytes, remarks }: Walk, { fields }: HeaderBlock, { start, end }: ByteSpan): Leaf {
  const type = partTypeOf(fields);
  const disposition = readParameters(valueOf(fields, 'content-disposition') ?? '');
  const fileName = fileNameOf(parameterText(disposition, 'filename') ?? parameterText(type, 'name'));
  const transferred = decodeTransfer(
    bytes.subarray(start, end),
    valueOf(fields, 'content-transfer-encoding') ?? '',
  );
  if (!transferred.isSound) remarks.add('transfer-broken');
  if (WINMAIL.has(type.value) || fileName?.toLowerCase() === 'winmail.dat') remarks.add('winmail');
  const leaf = {
    contentType: type.value,
    fileName,
    contentId: readMessageId(valueOf(fields, 'content-id')),
  };
  // A file keeps its bytes: a document says its own character set.
  const isFile = fileName !== undefined || disposition.value === 'attachment';
  if (isFile || !SHOWN.has(type.value)) return { ...leaf, bytes: transferred.bytes };
  const { text, oddity } = decodeText(transferred.bytes, type.parameters.get('charset') ?? '');
  if (oddity !== undefined) remarks.add(oddity);
  const isFlowed = type.value === 'text/plain' && type.parameters.get('format')?.toLowerCase() === 'flowed';
  const joins = type.parameters.get('delsp')?.toLowerCase() === 'yes';
  return { ...leaf, bytes: Buffer.from(isFlowed ? unflow(text, joins) : text, 'utf8') };
}

const NAME_MAX = 255;

/** The name alone, without folders: whatever a sender writes, it is never a path. */
function fileNameOf(text: string | undefined): string | undefined {
  const name = text?.split(/[\\/]/).at(-1)?.trim().slice(0, NAME_MAX) ?? '';
  return name === '' || name === '.' || name === '..' ? undefined : name;
}

const CR = 0x0d;
const LF = 0x0a;

function hasBareLineEnds(bytes: Uint8Array): boolean {
  let afterCr = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if ((byte === LF) !== afterCr) return true;
    afterCr = byte === CR;
  }
  return afterCr;
}
