/** `$render`: a stored clinical document as a page for people. */
import { RENDER_POLICY } from '../../../ccda/render.ts';
import type { Operation } from '../operation.ts';
import { renderInThread } from './convert.ts';
import { CLINICAL_DOCUMENT, readStoredSource } from './source.ts';

const HTML = 'text/html';

export const render: Operation = {
  name: 'render',
  id: 'DocumentReference-render',
  title: 'A clinical document as a page',
  description:
    'The narrative of a stored C-CDA document as HTML: its legal content, under a stylesheet of the server, without scripts and without anything from elsewhere.',
  levels: ['instance'],
  resource: ['DocumentReference', 'Binary'],
  affectsState: false,
  needs: 'read',
  content: { gives: [HTML] },
  parameters: [
    {
      name: 'return',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Binary',
      documentation: 'The page, as text/html; as a Binary where a FHIR type is asked for.',
    },
  ],
  async perform(invocation) {
    const { context, request } = invocation;
    const { type = '', id = '' } = request;
    const stored = `${type}/${id}`;
    const { bytes, seen } = await readStoredSource(invocation, stored, CLINICAL_DOCUMENT, 'not-found');
    const page = Buffer.from(await renderInThread(context, request, bytes), 'utf8');
    return {
      status: 200,
      seen,
      resource: { resourceType: 'Binary', contentType: HTML, data: page.toString('base64') },
      content: { bytes: page, contentType: `${HTML}; charset=utf-8`, policy: RENDER_POLICY, usual: true },
    };
  },
};
