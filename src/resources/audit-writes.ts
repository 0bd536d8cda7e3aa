/** Events of writes: by their hashes the keeper's side finds the files that it brought, and nobody else learns of them. */
const WRITES: ReadonlySet<string> = new Set([
  'create',
  'update',
  'patch',
  'message-read',
  'message-retracted',
  'message-withdrawn',
  'message-blocked',
]);

export const isWrite = (event: string): boolean => WRITES.has(event);
