/** Where the audit is sent on to: a collector outside, that takes rows in order and may get one twice. */
export interface AuditCollector {
  /**
   * Sends rows, rendered, in their order. When it resolves, the other side has taken all of them.
   *
   * @throws ConnectionFailed
   */
  send(rendered: readonly string[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** How far the feed has come, as this server knows it. */
export interface AuditFeedStatus {
  /** The last commit of which everything was taken; 0 for none. */
  readonly seq: number;
  /** Rows that this server sent since its start. */
  readonly sent: number;
  /** Milliseconds since 1970 of the last batch that was taken; 0 for none since the start. */
  readonly lastSentAt: number;
}

/** The kind of the record that holds the place of the feed (ports/record.ts). */
export const FEED_KIND = 'audit-feed';
