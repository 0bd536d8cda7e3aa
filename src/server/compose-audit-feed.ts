/** The roof over the audit feed: which collector the settings name, and what a row is rendered as for it. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Metrics } from '../http/metrics.ts';
import { createAuditFeed, type AuditFeed } from '../delivery/audit-feed.ts';
import { createHttpCollector } from '../outgoing/audit-http.ts';
import { createHttpClient } from '../outgoing/http.ts';
import { createSyslogCollector } from '../outgoing/syslog.ts';
import type { AuditCollector } from '../ports/audit-feed.ts';
import type { AuditRow } from '../ports/audit.ts';
import type { Store } from '../ports/store.ts';
import { dicomAudit } from '../xml/audit-dicom.ts';
import { renderAuditEvent } from '../resources/audit-event-render.ts';
import type { Outgoing } from './compose-outgoing.ts';
import type { Config } from './config.ts';
import { clock, timers } from './time.ts';

interface Parts {
  readonly config: Config;
  readonly base: string;
  readonly store: Store;
  readonly outgoing: Outgoing;
  readonly metrics: Pick<Metrics, 'showAuditFeed'>;
}

type ComposedFeed = AuditFeed & { close(): Promise<void> };

/** Undefined where the settings send the audit nowhere. */
export function composeAuditFeed({
  config,
  base,
  store,
  outgoing,
  metrics,
}: Parts): ComposedFeed | undefined {
  const { auditFeed, auditFeedAddress = '', auditFeedTimeoutMs } = config;
  if (auditFeed === 'off') return undefined;
  const collector = openCollector(config, auditFeed, auditFeedAddress, outgoing);
  const source = { name: base, base };
  const eventOf = (row: AuditRow) =>
    renderAuditEvent(row, { organization: undefined, everything: true }, source);
  const render =
    auditFeed === 'syslog'
      ? (row: AuditRow) => dicomAudit(eventOf(row))
      : (row: AuditRow) => JSON.stringify(eventOf(row));
  const feed = createAuditFeed({ store, collector, render, clock, timers, timeoutMs: auditFeedTimeoutMs });
  metrics.showAuditFeed(() => feed.status());
  return { ...feed, close: () => collector.close() };
}

function openCollector(
  config: Config,
  form: 'syslog' | 'fhir' | 'ndjson',
  address: string,
  { guard }: Outgoing,
): AuditCollector {
  const { auditFeedCa, auditFeedCert, auditFeedKey } = config;
  const tls = {
    ...read('ca', auditFeedCa),
    ...read('cert', auditFeedCert),
    ...read('key', auditFeedKey),
  };
  if (form === 'syslog')
    return createSyslogCollector(guard, { address, tls, hostname: hostname(), processId: process.pid });
  return createHttpCollector(createHttpClient(guard, 'audit-feed', tls), { url: new URL(address), form });
}

/** @throws when the file cannot be read: a server that should send its audit does not start without */
const read = <K extends 'ca' | 'cert' | 'key'>(name: K, file: string | undefined) =>
  file === undefined ? {} : ({ [name]: readFileSync(file) } as Record<K, Buffer>); // of the one name
