/** W3C Trace Context: what a request causes to be delivered belongs to the request's trace. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { answer, openReceiver } from '../../contract/receiver.ts';
import { openRest } from './client.ts';

const TRACEPARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

test('the traceparent of a write, and of each entry of a Bundle, goes on to the subscriber', async () => {
  const receiver = await openReceiver([answer(200)]);
  const rest = await openRest('--subscription-allow-list', '127.0.0.1:*');
  const endpoint = `http://127.0.0.1:${receiver.port}/hook`;
  await rest.create({
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'trace',
    criteria: 'Patient?_id:missing=false',
    channel: { type: 'rest-hook', endpoint },
  });
  const headers = { traceparent: TRACEPARENT };
  await rest.must('POST Patient', { body: make.patient(), headers });
  const bundle = make.transaction({ method: 'POST', url: 'Patient', resource: make.patient() });
  await rest.must('POST ', { body: bundle, headers });
  await rest.must('POST Patient', { body: make.patient() });
  while (receiver.received.length < 3) await pause(5);
  expect(receiver.received.map((one) => one.headers['traceparent'])).toEqual([
    TRACEPARENT,
    TRACEPARENT,
    undefined,
  ]);
  await rest.close();
  await receiver.close();
});
