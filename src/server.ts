/** Where the process begins. Compiled code is kept between starts, which has to be asked for before anything is imported. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./main.ts');
