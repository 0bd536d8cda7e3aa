/** An LDAP directory on loopback, of our own: it answers as a test tells it, also wrongly. No directory of others is asked. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import {
  contentBytes,
  elementsIn,
  readElement,
  readOrNothing,
  type DerElement,
} from '../src/direct/certificates/der.ts';

/** A search as it was asked (RFC 4511 4.5.1). */
export interface AskedSearch {
  readonly base: string;
  readonly scope: number;
  readonly sizeLimit: number;
  /** Of an equality filter; undefined for another one. */
  readonly attribute: string | undefined;
  readonly value: string | undefined;
  readonly attributes: readonly string[];
}

export interface DirectoryEntry {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly (string | Uint8Array)[]>>;
}

export interface Answered {
  readonly entries?: readonly DirectoryEntry[];
  /** Places that the directory sends its reader to. */
  readonly references?: readonly string[];
  /** resultCode; 0 is success. */
  readonly code?: number;
  readonly referral?: readonly string[];
  /** Octets instead of an answer. */
  readonly raw?: Uint8Array;
  readonly isSilent?: boolean;
}

export interface Directory {
  readonly port: number;
  readonly searches: readonly AskedSearch[];
  /** Connections that were made. */
  readonly connections: () => number;
  close(): Promise<void>;
}

const ber = (tag: number, ...content: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(content);
  const header = Buffer.from([tag, 0x84, 0, 0, 0, 0]);
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
};
const octets = (value: string | Uint8Array, tag = 4): Buffer => ber(tag, Buffer.from(value));

const entryOf = ({ dn, attributes }: DirectoryEntry): Buffer =>
  ber(
    0x64,
    octets(dn),
    ber(
      0x30,
      ...Object.entries(attributes).map(([name, values]) =>
        ber(0x30, octets(name), ber(0x31, ...values.map((value) => octets(value)))),
      ),
    ),
  );

const doneOf = ({ code = 0, referral = [] }: Answered): Buffer =>
  ber(
    0x65,
    Buffer.from([10, 1, code]),
    octets(''),
    octets(''),
    ...(referral.length > 0 ? [ber(0xa3, ...referral.map((place) => octets(place)))] : []),
  );

export async function openDirectory(answer: (search: AskedSearch) => Answered): Promise<Directory> {
  const searches: AskedSearch[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  function take(socket: Socket, message: DerElement): void {
    const [id, operation] = elementsIn(message);
    if (id === undefined || operation === undefined) return;
    const messageId = Buffer.from(id.bytes.subarray(id.start, id.end));
    const send = (body: Buffer): void => void socket.write(ber(0x30, messageId, body));
    if (operation.tag === 0x60) send(ber(0x61, Buffer.from([10, 1, 0]), octets(''), octets('')));
    if (operation.tag !== 0x63) return;
    const search = searchIn(operation);
    searches.push(search);
    const answered = answer(search);
    if (answered.isSilent === true) return;
    if (answered.raw !== undefined) return void socket.write(answered.raw);
    for (const entry of answered.entries ?? []) send(entryOf(entry));
    for (const place of answered.references ?? []) send(ber(0x73, octets(place)));
    send(doneOf(answered));
  }

  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let got = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      for (let message = readOrNothing(() => readElement(got)); message !== undefined;) {
        take(socket, message);
        got = got.subarray(message.end);
        message = readOrNothing(() => readElement(got));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    searches,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function searchIn(operation: DerElement): AskedSearch {
  const [base, scope, , sizeLimit, , , filter, attributes] = elementsIn(operation);
  const text = (element: DerElement | undefined): string =>
    element === undefined ? '' : Buffer.from(contentBytes(element)).toString('utf8');
  const number = (element: DerElement | undefined): number =>
    element === undefined ? 0 : Number.parseInt(Buffer.from(contentBytes(element)).toString('hex'), 16);
  const [attribute, value] = filter?.tag === 0xa3 ? elementsIn(filter) : [];
  return {
    base: text(base),
    scope: number(scope),
    sizeLimit: number(sizeLimit),
    attribute: attribute && text(attribute),
    value: value && text(value),
    attributes: attributes === undefined ? [] : elementsIn(attributes).map(text),
  };
}
