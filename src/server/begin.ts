/**
 * Where the process begins. Compiled code is kept between starts, which has to be asked for before anything is imported;
 * beside the packages, where nobody can put code who could not change the packages. Where that cannot be written, each
 * start compiles.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/closeloop'));
await import('./main.ts');
