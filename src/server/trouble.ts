/** What the system refused, as a sentence that says what to do: the process and its commands end with it. */

/** What an error of the system carries, where it is about an address. */
interface SystemError {
  readonly code: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly path?: string;
}

const FILES: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EACCES: 'may not be used by this user',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'is not in a folder',
};

const SENTENCES: Readonly<Record<string, (where: string, hostname: string) => string>> = {
  EADDRINUSE: (where) =>
    `${where} is in use by another process: stop it, or choose another port (0: any free one).`,
  EADDRNOTAVAIL: (where) => `${where} is not an address of this machine.`,
  EACCES: (where) => `${where} may not be listened on by this user: choose a port of 1024 or above.`,
  ECONNREFUSED: (where) => `Nobody listens at ${where}.`,
  ECONNRESET: () => 'The other side closed the connection.',
  ETIMEDOUT: (where) => `${where} does not answer.`,
  EHOSTUNREACH: (where) => `${where} cannot be reached.`,
  ENOTFOUND: (_, hostname) => `No machine is known by the name ${hostname}.`,
  EAI_AGAIN: (_, hostname) => `The name ${hostname} cannot be looked up now.`,
};

/** The sentence about an error of the system; undefined for any other. */
export function troubleOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return troubleOf(error.errors[0]);
  if (!(error instanceof Error)) return undefined;
  const system = error as Error & Partial<SystemError>;
  if (typeof system.code !== 'string' || !/^E[A-Z_]+$/.test(system.code) || system.code.startsWith('ERR_'))
    return undefined;
  const { code, address, port, path } = system;
  if (code === 'EISDIR' && path === undefined) return 'The path names a folder; a file is expected.';
  if (path !== undefined && FILES[code] !== undefined) return `${path} ${FILES[code]}.`;
  const sentence = SENTENCES[code];
  const isAboutName = system.hostname !== undefined;
  // Without an address the system's own message says what it is about.
  if (sentence === undefined || (address === undefined && !isAboutName && code !== 'ECONNRESET'))
    return error.message;
  return sentence(`${address ?? ''}${port === undefined ? '' : `:${port}`}`, system.hostname ?? '');
}
