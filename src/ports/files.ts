/**
 * Files: the bytes of large Binaries, which stand beside the log and not in it (ADR 0041). A commit holds what names a file,
 * and the file is on disk before the commit is.
 *
 * The laws of this port stand as named cases in `test/contract/files.ts`, run against every engine:
 *
 *  1 what was put is on disk when its promise resolves, and survives a crash · 2 of what fails nothing stays · 3 what is read
 *  is what was put, or the reading fails before its last byte · 4 a file never changes · 5 a removed file is gone, and removing
 *  it again is no error · 6 every file is listed, with the time at which it was put.
 */

/** What names the bytes of a file. */
export interface StoredFile {
  /** Made by chance; it says nothing and opens nothing. */
  readonly id: string;
  /** In bytes. */
  readonly size: number;
  /** Of the bytes, in hex. */
  readonly sha256: string;
}

/** A part of a file: from its first byte on, up to a byte that is not part of it any more. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

interface PutOptions {
  /** More bytes are refused. Default: as many as come. */
  readonly bytesMax?: number;
  /** Of a copy: the id that the file has elsewhere. Default: a new one. */
  readonly id?: string;
}

/** A file as a sweep sees it. */
export interface ListedFile {
  readonly id: string;
  /** Milliseconds since 1970 when it was put. */
  readonly at: number;
}

export interface Files {
  /**
   * Keeps bytes as they come, never all of them in memory.
   *
   * @throws FileTooLarge; CommitRefused `disk-full` or `read-only`; whatever the bytes throw
   */
  put(bytes: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredFile>;
  /**
   * The bytes of a file, or of a part of it. A whole file is compared with its hash while it is read: the last bytes of one that
   * was altered never come.
   *
   * @throws FileLost, here or by the iterator
   */
  open(file: StoredFile, range?: ByteRange): Promise<AsyncIterable<Uint8Array>>;
  remove(id: string): Promise<void>;
  /** All files, in no order. */
  list(): AsyncIterable<ListedFile>;
}

/** More bytes came than may. */
export class FileTooLarge extends Error {
  constructor() {
    super('the file is too large');
    this.name = 'FileTooLarge';
  }
}

/** What a commit names is not there, or is not what was put. */
export class FileLost extends Error {
  readonly why: 'missing' | 'altered';

  constructor(id: string, why: FileLost['why']) {
    super(`the file ${id} is ${why}`);
    this.name = 'FileLost';
    this.why = why;
  }
}
