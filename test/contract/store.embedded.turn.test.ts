/** The laws of the store for the embedded engine with its writer in a turn of the main loop. */
import { createEmbeddedWorld } from './embedded-world.ts';
import { storeLaws } from './store.ts';

storeLaws('embedded, writer in a turn of the loop', () => createEmbeddedWorld({ writer: 'turn' }));
