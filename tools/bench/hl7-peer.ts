/** The bare framer, in a process of its own: reads MLLP, answers AA, keeps nothing. Tells its port to who started it. */
import { listenAsEngine } from '../hl7/client.ts';

const engine = await listenAsEngine('127.0.0.1', 0, () => undefined);
process.send?.(engine.port);
process.once('disconnect', () => process.exit());
