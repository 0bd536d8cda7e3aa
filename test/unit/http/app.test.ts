/** The HTTP application by itself, driven by supertest, as whoever embeds it meets it: one door for FHIR and the rest. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { createApplication } from '../../conformance/fhir-http/door.ts';

let application: Awaited<ReturnType<typeof createApplication>>;

beforeAll(async () => {
  application = await createApplication();
});
afterAll(() => application.close());

const bearer = (): readonly [string, string] => ['Authorization', `Bearer ${application.token}`];

describe('one door (house 9a4)', () => {
  test('FHIR, the pages of operators and the refusal of the rest come from the same application', async () => {
    const agent = request(application.app);
    const created = await agent
      .post('/fhir/Task')
      .set(...bearer())
      .set('Content-Type', 'application/fhir+json')
      .send('{"resourceType":"Task","x":1.50}');
    expect([created.status, created.text]).toEqual([201, expect.stringContaining('"x":1.50')]);
    expect((await agent.get('/health/live')).body).toEqual({ status: 'alive' });
    expect((await agent.get('/elsewhere')).body).toMatchObject({ resourceType: 'OperationOutcome' });
  });

  test.each([
    ['/fhir', 405],
    ['/fhir/', 405],
    ['/fhir/Task', 200],
    ['/fhir//Task', 404],
    ['//fhir/Task', 404],
    ['/FHIR/Task', 404],
    ['/fhirs/Task', 404],
    ['/%66hir/Task', 404],
    ['/fhir/%54ask', 200],
    ['/fhir/Task/%', 400],
    ['/fhir/Task?_count=%', 400],
    ['/fhir/./Task', 404],
  ])('the target reaches FHIR as it was sent: GET %s is answered %i', async (target, status) => {
    const asked = await request(application.app)
      .get(target)
      .set(...bearer());
    expect(asked.status).toBe(status);
  });

  test("HEAD and OPTIONS are FHIR's own, without what Express adds", async () => {
    const options = await request(application.app).options('/fhir/Task/1');
    expect([options.status, options.headers['allow']]).toEqual([
      204,
      'GET, HEAD, PUT, PATCH, DELETE, OPTIONS',
    ]);
    const head = await request(application.app)
      .head('/fhir/Task/none')
      .set(...bearer());
    expect([head.status, head.text ?? '']).toEqual([404, '']);
    for (const { headers } of [options, head])
      expect([headers['x-powered-by'], headers['etag']]).toEqual([undefined, undefined]);
  });

  test('another application may carry it below a path of its own', async () => {
    const outer = express().use('/referrals', application.app);
    const found = await request(createServer(outer))
      .get('/referrals/fhir/Task?_count=1')
      .set(...bearer());
    expect(found.status).toBe(200);
    expect(application.performed.at(-1)).toMatchObject({ type: 'Task', queryText: '_count=1' });
    expect((await request(outer).get('/referrals/health/live')).status).toBe(200);
  });
});
