/** Asks an administrator about sources whose logins fail very often (audit-compliance AU62). */
import { randomUUID } from 'node:crypto';
import { createLoginWatch } from '../http/login-watch.ts';
import type { Metrics } from '../http/metrics.ts';
import { planWorkItem } from '../operations/work-item.ts';
import { buildWrite } from '../operations/write/commit.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';

interface Parts {
  readonly store: Pick<Store, 'commit'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'suspectedLogins'>;
}

export function watchLogins({
  store,
  clock,
  metrics,
}: Parts): (source: string, times: number) => Promise<void> {
  const watch = createLoginWatch(
    () => clock.now(),
    async (source, times) => {
      metrics.suspectedLogins();
      const planned = planWorkItem(randomUUID(), {
        kind: 'login-failures',
        says: `${times} logins from ${source} failed within 15 minutes.`,
        authoredOn: new Date(clock.now()).toISOString(),
        owner: '',
      });
      await store.commit(
        auditedCommit(
          [
            {
              event: 'login',
              action: 'E',
              outcome: '8',
              agent: { organization: '', client: '', subject: '', address: source },
              requestId: 'login-watch',
              entities: [`${planned.ref}/_history/0`],
              patients: [],
              times,
              viewers: [],
            },
          ],
          { writes: [buildWrite(planned)] },
        ),
      );
    },
  );
  return (source, times) => watch.add(source, times);
}
