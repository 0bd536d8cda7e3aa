/**
 * The bare framer in a process of its own: it reads MLLP, answers AA and keeps nothing. It sends its port to the parent
 * process.
 */
import { listenAsEngine } from '../hl7/client.ts';

const engine = await listenAsEngine('127.0.0.1', 0, () => undefined);
process.send?.(engine.port);
process.once('disconnect', () => process.exit());
