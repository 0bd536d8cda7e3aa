/**
 * Large content on its way to and from the files of the store: it comes in piece by piece, bounded by its size and by the share
 * of its organization, and a file that no commit names is taken away once its request has ended.
 */
import type { IncomingMessage } from 'node:http';
import { OperationOutcomeError, type IssueCode } from '../fhir/issue.ts';
import type { Caller } from '../operations/request.ts';
import { LARGE } from '../operations/heavy.ts';
import { refusalOfCommit } from '../operations/write/commit.ts';
import { FileTooLarge, type Files, type StoredFile } from '../ports/files.ts';
import type { Store } from '../ports/store.ts';
import { FILE_KIND } from '../ports/stored-file.ts';
import { streamBody, tooLarge } from './read-body.ts';
import { shareHolderOf } from './shares.ts';

/** Content that came in: as bytes while it is small, else as a file. */
export type ReceivedContent =
  | { readonly bytes: Uint8Array; readonly upload?: undefined }
  | { readonly upload: Upload; readonly bytes?: undefined };

/** A file that came in with a request that is still worked on. */
export interface Upload {
  readonly file: StoredFile;
  /** Whose share its bytes are of. */
  readonly owner: string;
}

export interface FileDoor {
  /** @throws OperationOutcomeError `body-too-large`, `too-many-requests`, `storage-full` and others; ClientGone */
  receive(req: IncomingMessage, caller: Caller): Promise<ReceivedContent>;
  /** Ends an upload with its request: the file stays where a commit names it, or may name it. */
  settle(upload: Upload, refusal: IssueCode | undefined): Promise<void>;
  readonly open: Files['open'];
}

interface FileLimits {
  readonly attachmentBytesMax: number;
  readonly uploadBytesPerOrganizationMax: number;
}

/** Refusals after which nobody knows whether the commit is written. The sweep of files decides later. */
const UNDECIDED: ReadonlySet<IssueCode> = new Set(['commit-unsure', 'internal']);

export function createFileDoor(
  { files, snapshot }: Pick<Store, 'files' | 'snapshot'>,
  { attachmentBytesMax: bytesMax, uploadBytesPerOrganizationMax }: FileLimits,
): FileDoor {
  const shares = createByteShares(uploadBytesPerOrganizationMax);

  async function put(owner: string, bytes: AsyncIterable<Uint8Array>): Promise<Upload> {
    let taken = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of bytes) {
        shares.take(owner, chunk.length);
        taken += chunk.length;
        yield chunk;
      }
    }
    try {
      return { file: await files.put(counted(), { bytesMax }), owner };
    } catch (error) {
      shares.giveBack(owner, taken);
      throw error instanceof FileTooLarge ? tooLarge(bytesMax) : refusalOfCommit(error);
    }
  }

  return {
    async receive(req, caller) {
      const arriving = streamBody(req, bytesMax);
      const held: Uint8Array[] = [];
      try {
        for (let size = 0; size < LARGE;) {
          const { value, done } = await arriving.next();
          if (done === true) return { bytes: Buffer.concat(held) };
          held.push(value);
          size += value.length;
        }
        return { upload: await put(shareHolderOf(caller), joined(held, arriving)) };
      } finally {
        // What is left of a refused body would stand before the next request of its connection.
        req.resume();
      }
    },
    async settle({ file, owner }, refusal) {
      shares.giveBack(owner, file.size);
      if (refusal !== undefined && UNDECIDED.has(refusal)) return;
      if ((await snapshot().record(FILE_KIND, file.id)) === undefined) await files.remove(file.id);
    },
    open: (file, range) => files.open(file, range),
  };
}

async function* joined(
  held: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* held;
  yield* rest;
}

/** Bytes of uploads that are worked on, by whose they are. */
function createByteShares(bytesMax: number) {
  const shares = new Map<string, number>();
  return {
    /** @throws OperationOutcomeError `too-many-requests`; nothing is taken then */
    take(owner: string, bytes: number): void {
      const taken = (shares.get(owner) ?? 0) + bytes;
      if (taken > bytesMax) throw new OperationOutcomeError('too-many-requests', { retryAfter: 1 });
      shares.set(owner, taken);
    },
    giveBack(owner: string, bytes: number): void {
      const left = (shares.get(owner) ?? 0) - bytes;
      if (left > 0) shares.set(owner, left);
      else shares.delete(owner);
    },
  };
}
