/** Each side's FHIR client, and how it moves a referral. */
import { Client } from 'fhir-kit-client';
import type { Side } from './organizations.ts';
import type { World } from './world.ts';

export function clientOf({ base, tokens }: World, side: Side | 'admin'): Client {
  return new Client({ baseUrl: base, bearerToken: tokens[side] });
}

export async function moveTo(client: Client, task: string, status: string, output?: object): Promise<void> {
  const operations = [
    { op: 'replace', path: '/status', value: status },
    ...(output === undefined ? [] : [{ op: 'add', path: '/output', value: [output] }]),
  ];
  await client.patch({
    resourceType: 'Task',
    id: task.slice('Task/'.length),
    jsonPatch: operations as never,
  });
}
