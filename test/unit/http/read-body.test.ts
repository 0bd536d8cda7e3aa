/** A request's body ends, one way or the other: nobody waits for it for ever. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { ClientGone, readBody } from '../../../src/http/read-body.ts';

const LIMIT = 10;
const request = (): IncomingMessage => new IncomingMessage(new Socket());

test('with what was sent', async () => {
  const req = request();
  const body = readBody(req, LIMIT);
  req.push('ab');
  req.push('c');
  req.push(null);
  expect(Buffer.from(await body).toString()).toBe('abc');
});

test.each([
  ['before it was complete', false],
  ['when it was complete, and not read yet', true],
])('with its client, who went %s', async (_when, complete) => {
  const req = request();
  const body = readBody(req, LIMIT);
  req.complete = complete;
  req.destroy();
  await expect(body).rejects.toBeInstanceOf(ClientGone);
});
