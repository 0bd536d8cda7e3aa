import { describe, expect, test } from '@jest/globals';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { MethodRefused, methodsAt, route } from '../../../src/http/route.ts';
import { SERVED } from '../../conformance/fhir-http/door.ts';

describe('an address and a method are an interaction', () => {
  test.each<[method: string, path: string, query: boolean, expected: object]>([
    ['POST', '', false, { interaction: 'bundle', template: '/' }],
    ['POST', '/', false, { interaction: 'bundle', template: '/' }],
    ['GET', '/_history', false, { interaction: 'history-system', template: '/_history' }],
    [
      'POST',
      '/$validate',
      false,
      { interaction: 'operation', operation: 'validate', template: '/$operation' },
    ],
    ['GET', '/Task', false, { interaction: 'search-type', type: 'Task', template: '/Task' }],
    ['HEAD', '/Task', true, { interaction: 'search-type', type: 'Task', template: '/Task' }],
    ['POST', '/Task', false, { interaction: 'create', type: 'Task', template: '/Task' }],
    ['PUT', '/Task', true, { interaction: 'update', type: 'Task', template: '/Task' }],
    ['PATCH', '/Task', true, { interaction: 'patch', type: 'Task', template: '/Task' }],
    ['DELETE', '/Task', true, { interaction: 'delete', type: 'Task', template: '/Task' }],
    [
      'GET',
      '/Patient/1/Task',
      true,
      { interaction: 'search-type', type: 'Task', compartment: 'Patient/1', template: '/Patient/{id}/Task' },
    ],
    [
      'POST',
      '/Patient/1/Task/_search',
      false,
      {
        interaction: 'search-type',
        type: 'Task',
        compartment: 'Patient/1',
        template: '/Patient/{id}/Task/_search',
      },
    ],
    ['POST', '/Task/_search', false, { interaction: 'search-type', type: 'Task', template: '/Task/_search' }],
    [
      'GET',
      '/Task/_history',
      false,
      { interaction: 'history-type', type: 'Task', template: '/Task/_history' },
    ],
    [
      'POST',
      '/Task/%24validate',
      false,
      { interaction: 'operation', type: 'Task', operation: 'validate', template: '/Task/$operation' },
    ],
    ['GET', '/Task/a.b-C', false, { interaction: 'read', type: 'Task', id: 'a.b-C', template: '/Task/{id}' }],
    ['HEAD', '/Task/1/', false, { interaction: 'read', type: 'Task', id: '1', template: '/Task/{id}' }],
    ['PUT', '/Task/1', false, { interaction: 'update', type: 'Task', id: '1', template: '/Task/{id}' }],
    ['PATCH', '/Task/1', false, { interaction: 'patch', type: 'Task', id: '1', template: '/Task/{id}' }],
    ['DELETE', '/Task/1', false, { interaction: 'delete', type: 'Task', id: '1', template: '/Task/{id}' }],
    [
      'GET',
      '/Task/1/_history',
      false,
      { interaction: 'history-instance', type: 'Task', id: '1', template: '/Task/{id}/_history' },
    ],
    [
      'GET',
      '/Task/1/_history/5',
      false,
      { interaction: 'vread', type: 'Task', id: '1', versionId: '5', template: '/Task/{id}/_history/{vid}' },
    ],
    [
      'POST',
      '/Task/1/$everything',
      false,
      {
        interaction: 'operation',
        type: 'Task',
        id: '1',
        operation: 'everything',
        template: '/Task/{id}/$operation',
      },
    ],
    [
      'HEAD',
      '/Task/1/$everything',
      true,
      {
        interaction: 'operation',
        type: 'Task',
        id: '1',
        operation: 'everything',
        template: '/Task/{id}/$operation',
      },
    ],
  ])('%s %s', (method, path, query, expected) => {
    expect(route(method, path, query, SERVED)).toEqual(expected);
  });
});

function refusalOf(method: string, path: string, query = false): OperationOutcomeError {
  try {
    route(method, path, query, SERVED);
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error;
  }
  throw new Error('not refused');
}

describe('what is not here', () => {
  test.each([
    ['GET', '/Medication', 'type-unknown'],
    ['GET', '/task', 'type-unknown'],
    ['GET', '/__proto__', 'not-found'],
    ['GET', '/Task/1/2', 'not-found'],
    ['GET', '/Task/1/_history/2/3', 'not-found'],
    ['GET', '/Task/1/Patient', 'not-found'],
    ['GET', '/Patient/1/Substance', 'type-unknown'],
    ['GET', '/Patient/1/Task/2', 'not-found'],
    ['GET', '/_history/1', 'not-found'],
    ['GET', '/../etc/passwd', 'not-found'],
    ['POST', '/_search', 'not-found'],
    ['GET', '/Task/$explode', 'operation-unknown'],
    ['POST', '/$everything', 'operation-unknown'],
    ['POST', '/Task/$everything', 'operation-unknown'],
    ['POST', '/Task/1/$validate', 'operation-unknown'],
    ['POST', '/AuditEvent/1/$everything', 'operation-unknown'],
    ['POST', '/Task/1/_history/2/$everything', 'operation-unknown'],
    ['GET', '/Task/a_b', 'id-invalid'],
    ['GET', `/Task/${'x'.repeat(65)}`, 'id-invalid'],
    ['GET', '/Task/a%2Fb', 'id-invalid'],
    ['GET', '/Task/a%00', 'id-invalid'],
    ['GET', '/Task/%', 'id-invalid'],
    ['GET', '/Task/%ff', 'id-invalid'],
    ['GET', '/Task/1/_history/a b', 'id-invalid'],
  ])('%s %s: %s', (method, path, code) => {
    expect(refusalOf(method, path).code).toBe(code);
  });

  test.each([
    ['PUT', '/Task', false, 'GET, HEAD, POST'],
    ['POST', '/Task/1', false, 'GET, HEAD, PUT, PATCH, DELETE'],
    ['GET', '/', true, 'POST'],
    ['PUT', '/Task/_search', false, 'GET, HEAD, POST'],
    ['DELETE', '/Task/1/_history/2', false, 'GET, HEAD'],
    ['PUT', '/AuditEvent/1', false, 'GET, HEAD'],
    ['POST', '/AuditEvent', false, 'GET, HEAD'],
    ['GET', '/Task/$validate', false, 'POST'],
    ['PUT', '/Task/1/$everything', false, 'GET, HEAD, POST'],
    ['TRACE', '/Task', true, 'GET, HEAD, POST, PUT, PATCH, DELETE'],
  ])('%s %s: 405, %j', (method, path, query, allow) => {
    const refusal = refusalOf(method, path, query);
    expect(refusal).toBeInstanceOf(MethodRefused);
    expect(refusal).toMatchObject({ code: 'method-not-allowed', allow });
    expect(methodsAt(path, query, SERVED)).toBe(allow);
  });
});
