/** The laws of the store for the embedded engine as it runs by default: its writer in a thread. */
import { createEmbeddedWorld } from './embedded-world.ts';
import { storeLaws } from './store.ts';

storeLaws('embedded, writer in a thread', () => createEmbeddedWorld({ writer: 'thread' }));
