/**
 * Where the process begins. Compiled code is kept between starts, which has to be asked for before anything is imported;
 * beside the packages, where nobody can put code who could not change the packages. Where that cannot be written, each
 * start compiles.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// The threads take the folder from the environment: a call here would hold for the main thread alone.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../../node_modules/.cache/closeloop');
enableCompileCache();
await import('./main.ts');
