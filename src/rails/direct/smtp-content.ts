/**
 * The content of a mail as it comes by SMTP: read to its end within its bounds, and refused where a byte could mean one thing
 * here and another elsewhere on the way (SMTP smuggling: a bare LF or CR beside a dot is the end of a mail to some).
 */

/** Why content is not taken; each with its reply (RFC 5321, RFC 3463), which says nothing of what the mail holds. */
export const CONTENT_FAULTS = {
  'too-large': { code: 552, says: 'message exceeds the size limit' },
  'no-room': { code: 452, says: 'too many messages in progress, try again later' },
  'bare-line-end': { code: 554, says: 'lines must end with CRLF' },
  'line-too-long': { code: 554, says: 'line too long' },
  broken: { code: 451, says: 'content incomplete' },
} as const;

type ContentFault = keyof typeof CONTENT_FAULTS;

/** RFC 5321 has 1000 bytes; some agents write a header in one line. */
const LINE_BYTES_MAX = 8192;

/** The bytes of mails that are held, of all connections together. */
interface HeldBytes {
  /** False, and nothing is taken, when there is no room for so many. */
  take(host: string, bytes: number): boolean;
  give(host: string, bytes: number): void;
}

/**
 * One host holds at most the half, or one mail of the largest size, so that mails of it that never end leave room for those
 * of others.
 */
export function createHeldBytes(most: number, mailBytesMax: number): HeldBytes {
  const share = Math.max(most / 2, mailBytesMax);
  const byHost = new Map<string, number>();
  let held = 0;
  return {
    take(host, bytes) {
      const its = (byHost.get(host) ?? 0) + bytes;
      if (held + bytes > most || its > share) return false;
      held += bytes;
      byHost.set(host, its);
      return true;
    },
    give(host, bytes) {
      held -= bytes;
      const its = (byHost.get(host) ?? 0) - bytes;
      if (its > 0) byHost.set(host, its);
      else byHost.delete(host);
    },
  };
}

/** Content that was read; the caller gives its bytes back to the quota when it is done with the mail. */
type Content = { readonly kind: 'content'; readonly bytes: Buffer } | { readonly kind: ContentFault };

/** Reads to the end, whatever is wrong, so that the reply comes where the protocol has it. Never rejects. */
export async function readMailContent(
  stream: AsyncIterable<Uint8Array>,
  bytesMax: number,
  { held, host }: { readonly held: HeldBytes; readonly host: string },
): Promise<Content> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let fault: ContentFault | undefined;
  const drop = (why: ContentFault): void => {
    held.give(host, bytes);
    chunks.length = bytes = 0;
    fault ??= why;
  };
  try {
    for await (const chunk of stream) {
      if (fault !== undefined) continue;
      if (bytes + chunk.length > bytesMax) drop('too-large');
      else if (held.take(host, chunk.length)) {
        chunks.push(chunk);
        bytes += chunk.length;
      } else drop('no-room');
    }
  } catch {
    drop('broken'); // the connection went away in the middle
  }
  if (fault !== undefined) return { kind: fault };
  const content = Buffer.concat(chunks, bytes);
  const wrong = faultOfLines(content);
  if (wrong === undefined) return { kind: 'content', bytes: content };
  held.give(host, bytes);
  return { kind: wrong };
}

const [LF, CR] = [0x0a, 0x0d];

/** What is wrong with the lines of a content that ended with CR LF, dot, CR LF. */
function faultOfLines(content: Uint8Array): ContentFault | undefined {
  let begin = 0;
  while (begin < content.length) {
    const end = content.indexOf(LF, begin);
    const cr = content.indexOf(CR, begin);
    if (end === -1)
      return cr === -1 && content.length - begin <= LINE_BYTES_MAX ? undefined : 'bare-line-end';
    if (cr !== end - 1 || end === begin) return 'bare-line-end';
    if (end + 1 - begin > LINE_BYTES_MAX) return 'line-too-long';
    begin = end + 1;
  }
  return undefined;
}
