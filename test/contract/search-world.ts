/** A store and, beside it, what was declared to it: the world that the oracle searches. */
import type { Ref } from '../../src/fhir/types.ts';
import type { Clause, Query, SearchValue, Sight } from '../../src/ports/query.ts';
import type { Commit, Committed, Expectation, Store, Write } from '../../src/ports/store.ts';
import type { Declared, Moment } from './search-oracle.ts';

/** A way by which an engine can search. */
export type Way = (
  query: Query,
  seq: number,
) => Promise<{ readonly refs: readonly Ref[]; readonly total?: number }>;

/** What a write of a test says; the rest is left at nothing. */
export interface Put {
  readonly ref: Ref;
  readonly values?: readonly SearchValue[];
  readonly custodian?: Ref | '';
  readonly parties?: readonly Ref[];
  readonly outward?: readonly Ref[];
  readonly everyone?: boolean;
  readonly gone?: boolean;
  /** Words of its narrative and of other values; the text holds them in tags, and in elements of their own. */
  readonly texts?: Declared['texts'];
}

const SILENCE: Declared['texts'] = { narrative: [], others: [] };

export const EVERYTHING: Sight = { everything: true };
export const seenBy = (organization: Ref, patient?: Ref): Sight => ({
  everything: false,
  organization,
  ...(patient !== undefined && { patient }),
});

/** A search for Tasks by an administrator, newest first, unless said otherwise. */
export function ask(where: Clause, more: Partial<Query> = {}): Query {
  return { type: 'Task', where, sort: [], sight: EVERYTHING, count: 100, offset: 0, total: true, ...more };
}

export class SearchWorld {
  readonly store: Store;
  readonly others: readonly Way[];
  readonly #live = new Map<Ref, Declared>();
  readonly #moments = new Map<number, Moment>();
  #order = 0;

  constructor(store: Store, others: readonly Way[]) {
    this.store = store;
    this.others = others;
  }

  /** Commits writes together; gives the seq. */
  async put(...puts: readonly Put[]): Promise<number> {
    const { seq, at } = await this.store.commit({ ...EMPTY, writes: puts.map((one) => this.#writeOf(one)) });
    for (const one of puts) {
      this.#order += 1;
      if (one.gone === true) this.#live.delete(one.ref);
      else this.#live.set(one.ref, declare(one, { seq, at: Date.parse(at), order: this.#order }));
    }
    this.#moments.set(seq, new Map(this.#live));
    return seq;
  }

  /** Deletes whatever lives, so that the store can be the next world's. */
  async clear(): Promise<void> {
    const living = [...this.#live.values()];
    if (living.length > 0)
      await this.put(...living.map(({ ref, custodian }) => ({ ref, custodian, gone: true })));
  }

  /** Offers a commit that writes nothing and relies on a search. */
  expecting(expectation: Expectation): Promise<Committed> {
    return this.store.commit({ ...EMPTY, expects: [expectation] });
  }

  /** What was live as of a commit. */
  moment(seq: number): Moment {
    return this.#moments.get(seq) ?? new Map<Ref, Declared>();
  }

  get seqs(): readonly number[] {
    return [...this.#moments.keys()];
  }

  #writeOf(put: Put): Write {
    const {
      ref,
      values = [],
      custodian = '',
      parties = [],
      outward = [],
      everyone = false,
      gone = false,
    } = put;
    const base = this.#live.get(ref)?.seq ?? 0;
    return {
      ref,
      method: gone ? 'DELETE' : 'PUT',
      base,
      text: gone ? undefined : { pieces: [textOf(put)], holes: [] },
      custodian,
      values: gone ? [] : values,
      reach: { parties, outward, inward: [], everyone },
    };
  }
}

function textOf({ ref, texts }: Put): string {
  if (texts === undefined) return `{"ref":"${ref}"}`;
  const div = `<div>${texts.narrative.map((word) => `<p>${word}</p>`).join('')}</div>`;
  return JSON.stringify({
    text: { status: 'generated', div },
    note: texts.others.map((words) => ({ text: words.join(', ') })),
  });
}

function declare(put: Put, made: Pick<Declared, 'seq' | 'at' | 'order'>): Declared {
  const {
    ref,
    values = [],
    custodian = '',
    parties = [],
    outward = [],
    everyone = false,
    texts = SILENCE,
  } = put;
  return {
    ref,
    type: ref.slice(0, ref.indexOf('/')),
    ...made,
    custodian,
    values,
    parties,
    outward,
    everyone,
    texts,
  };
}

const EMPTY: Commit = {
  writes: [],
  preconditions: [],
  expects: [],
  audit: [
    {
      event: 'transaction',
      action: 'E',
      outcome: '0',
      agent: { organization: '', client: 'test', subject: 'test' },
      requestId: 'test',
      entities: [],
      patients: [],
      viewers: [],
    },
  ],
  outbox: [],
  deliveryOutcomes: [],
};
