/** The metrics of Direct mail: label values are words of our tables, or names that an operator has set. */
import type { DirectTraffic } from '../ports/direct.ts';
import type { ReadMetric } from './read-metric.ts';

/** A certificate whose expiry matters. */
export interface ExpiringCertificate {
  readonly kind: 'key' | 'anchor';
  readonly owner: string;
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

/** When certificates expire. */
export const CERTIFICATE_METRICS: readonly ReadMetric<ExpiringCertificate>[] = [
  {
    name: 'closeloop_direct_certificate_expiry_timestamp_seconds',
    help: 'When a certificate of Direct mail expires, in seconds since 1970.',
    labels: ['kind', 'owner', 'fingerprint'],
    read: ({ kind, owner, fingerprint, notAfter }) => [[{ kind, owner, fingerprint }, notAfter / 1000]],
  },
];

/** Mails and notifications, by what became of them. */
export const DIRECT_METRICS: readonly ReadMetric<DirectTraffic>[] = [
  {
    name: 'closeloop_direct_received_total',
    help: 'Direct mails received, by what became of them.',
    labels: ['fate'],
    read: ({ received }) => Object.entries(received).map(([fate, count]) => [{ fate }, count]),
  },
  {
    name: 'closeloop_direct_sent_total',
    help: 'Direct mails that were to leave: packages of referrals and notifications, by what came of the attempt.',
    labels: ['kind', 'answer'],
    read: ({ sent }) => sent.map(({ kind, answer, count }) => [{ kind, answer }, count]),
  },
  {
    name: 'closeloop_direct_dispositions_total',
    help: 'Notifications about mails that were sent, by their word and what became of them.',
    labels: ['word', 'fate'],
    read: ({ dispositions }) => dispositions.map(({ word, fate, count }) => [{ word, fate }, count]),
  },
  {
    name: 'closeloop_direct_smtp_total',
    help: 'What was refused or cut off at the SMTP port.',
    labels: ['event'],
    read: ({ smtp }) => Object.entries(smtp).map(([event, count]) => [{ event }, count]),
  },
  {
    name: 'closeloop_direct_owed',
    help: 'Notifications that are owed for mails received, at the last look.',
    labels: [],
    read: ({ owed }) => [[{}, owed]],
  },
  {
    name: 'closeloop_direct_owed_oldest_age_seconds',
    help: 'Age of the notification that is owed longest, at the last look.',
    labels: [],
    read: ({ owedAgeMs }) => [[{}, owedAgeMs / 1000]],
  },
  {
    name: 'closeloop_direct_mailbox_well',
    help: '1 while the last look into a mailbox succeeded.',
    labels: ['mailbox'],
    read: ({ mailboxes }) => mailboxes.map(({ mailbox, isWell }) => [{ mailbox }, isWell ? 1 : 0]),
  },
  {
    name: 'closeloop_direct_mailbox_look_timestamp_seconds',
    help: 'When a mailbox was looked into last, in seconds since 1970.',
    labels: ['mailbox'],
    read: ({ mailboxes }) => mailboxes.map(({ mailbox, lookedAt }) => [{ mailbox }, lookedAt / 1000]),
  },
];
