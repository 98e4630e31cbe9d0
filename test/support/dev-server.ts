import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ServerRecord } from '../../server/server-record';

/** The development server that commands in a folder use, or used last. */
export const serverIn = (folder: string): ServerRecord =>
  JSON.parse(readFileSync(join(folder, '.slimflow', 'server.json'), 'utf8')) as ServerRecord;
