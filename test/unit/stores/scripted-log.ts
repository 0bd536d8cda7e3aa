/** A log in memory that does as it is told, once for each append, and then as a log does. */
import type { AppendFate } from '../../../src/stores/mongodb/commit-log.ts';
import type { EntryDocument, LogDocument } from '../../../src/stores/mongodb/documents.ts';

/**
 * What becomes of one append: its answer is lost behind or before the log, no server is there, the server refuses it,
 * another node is there first, or nothing comes back until `LogInMemory.release`.
 */
export type Step =
  | 'taken'
  | 'reply lost'
  | 'request lost'
  | 'unsent'
  | 'full'
  | 'forbidden'
  | 'refused'
  | 'overtaken'
  | 'hangs';

export class LogInMemory {
  readonly documents: LogDocument[] = [];
  readonly steps: Step[] = [];
  /** What each append came to. */
  readonly fates: AppendFate[] = [];
  /** Commits something as another node, for `overtaken`. */
  overtake: () => Promise<void> = async () => undefined;
  /** No server can be found. */
  isAway = false;
  /** An older copy was restored. */
  isOlder = false;
  isDoubted = false;
  #held = Promise.withResolvers<void>();

  /** Lets go what hangs. */
  release(): void {
    this.#held.resolve();
    this.#held = Promise.withResolvers();
  }

  async append(document: LogDocument, sent: () => void): Promise<AppendFate> {
    const step = this.isAway ? 'unsent' : (this.steps.shift() ?? 'taken');
    if (step !== 'unsent') sent();
    const fate = await this.#fateOf(document, step);
    this.fates.push(fate);
    return fate;
  }

  doubt(): void {
    this.isDoubted = true;
  }

  async isStill(): Promise<boolean> {
    return !(this.isDoubted && this.isOlder);
  }

  async remove({ _id }: LogDocument): Promise<void> {
    this.documents.splice(0, this.documents.length, ...this.documents.filter((one) => one._id !== _id));
  }

  async newest(): Promise<LogDocument | undefined> {
    if (this.isAway) throw new Error('no server is there');
    return this.documents.at(-1);
  }

  async after(seq: number, max: number): Promise<readonly LogDocument[]> {
    if (this.isAway) throw new Error('no server is there');
    return this.documents.filter(({ _id }) => _id > seq).slice(0, max);
  }

  async holding(seq: number): Promise<LogDocument | undefined> {
    return this.documents.find(({ _id, last }) => _id <= seq && seq <= last);
  }

  async replaceEntries(document: LogDocument, e: readonly EntryDocument[]): Promise<void> {
    this.documents[this.documents.findIndex(({ _id }) => _id === document._id)] = { ...document, e };
  }

  async #fateOf(document: LogDocument, step: Step): Promise<AppendFate> {
    if (step === 'unsent' || step === 'full' || step === 'forbidden' || step === 'refused') return step;
    if (step === 'request lost') return 'unknown';
    if (step === 'hangs') await this.#held.promise;
    if (step === 'overtaken') await this.overtake();
    const fate = this.#insert(document);
    return step === 'reply lost' ? 'unknown' : fate;
  }

  #insert(document: LogDocument): AppendFate {
    const there = this.documents.find(({ _id }) => _id === document._id);
    if (there === undefined) this.documents.push(document);
    return there === undefined || there.n === document.n ? 'ours' : 'others';
  }
}
