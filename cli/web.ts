import { identity } from '../server/connect';
import { workflowLink } from '../server/find-server';
import { openStore } from '../store/open';
import { serveWeb } from '../web/serve';
import { BadInput, exitStatus } from './exit-status';
import { aborted } from './interrupt';
import { type StoreFlags, storeLocation } from './options';
import { toStdout, withSession } from './temporal-session';

/** Flags of `slimflow web`. */
export interface WebFlags extends StoreFlags {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
}

/** `slimflow web`: serves the live pages of all runs until Ctrl-C. */
export function web(flags: WebFlags): Promise<number> {
  const { state, host, port, token } = flags;
  return withSession({ state, say: toStdout }, async ({ client, server, signal }) => {
    const served = await serveWeb(
      {
        client,
        store: openStore(storeLocation(flags)),
        workflowLink: (id) => workflowLink(server, id),
        by: identity(),
      },
      { host, port, token },
    ).catch((error: NodeJS.ErrnoException) => {
      throw new BadInput(`can't listen at ${host}:${port}: ${error.message}`, { cause: error });
    });
    toStdout(`Runs: ${served.url}\nPress Ctrl-C to stop.`);
    await aborted(signal);
    await served.stop();
    return exitStatus.done;
  });
}
