/** `$map-code`: a person says what a code of a link means, and the server adds the row to the link's ConceptMap. */
import { textIn } from './input.ts';
import type { Operation } from './operation.ts';

export const mapCode: Operation = {
  name: 'map-code',
  title: 'Say what a code means',
  description:
    'Adds the row that a ConceptMap lacks for the code of a work item, and ends the work item. Later messages are translated by it.',
  levels: ['instance'],
  resource: ['Task'],
  affectsState: true,
  needs: 'update',
  parameters: [
    {
      name: 'system',
      use: 'in',
      min: 1,
      max: '1',
      type: 'uri',
      documentation: 'The system of the code that is meant.',
    },
    { name: 'code', use: 'in', min: 1, max: '1', type: 'code', documentation: 'The code that is meant.' },
    { name: 'display', use: 'in', min: 0, max: '1', type: 'string', documentation: 'What it is called.' },
    { name: 'fate', use: 'out', min: 1, max: '1', type: 'code', documentation: '`mapped`.' },
  ],
  perform: ({ messages, request, input }) =>
    messages.mapCode(request, {
      system: textIn(input, 'system') ?? '',
      code: textIn(input, 'code') ?? '',
      display: textIn(input, 'display'),
    }),
};
