import { ApplicationFailure, Context } from '@temporalio/activity';

import type { Activities } from '../contract/activities';
import { failureTypes } from '../contract/failure-types';
import { isWithin, refusedSource } from '../intake/allowed-sources';
import { fetchSpec } from '../intake/fetch-spec';
import { type PackedSpec, refuseUnlabelled } from '../intake/pack-spec';
import { importSpec as imported } from '../intake/prepare';
import { RemoteError } from '../store/remote/remote-error';
import { redacted } from '../store/remote/remote-url';
import type { Workplace } from './activity-context';
import { perform } from './perform';

/**
 * Activity: imports the model and the data that a spec names, as they are now: fetches them from other machines, packs
 * what is no array, and puts all into the store. Only what this worker allows is read (`importFrom`).
 */
export const importSpec =
  (at: Workplace): Activities['importSpec'] =>
  (request) =>
    perform(at, 'importSpec', request, async ({ run, tell }) => {
      const { importFrom = [], allowModules = false } = at;
      const refused = refusedSource(request.spec, importFrom, allowModules);
      if (refused !== undefined) throw ApplicationFailure.nonRetryable(refused, failureTypes.InvalidSettings);
      let files = 0;
      const spec = await fetchSpec(request.spec, {
        signal: Context.current().cancellationSignal,
        allow: (url) => refuseElsewhere(url, importFrom),
        onDownload: (address) => tell({ done: ++files, total: files, note: `fetching ${address}` }),
        weightsOf: async (model) => (await run('gather', { model })).weights,
      });
      const { files: ofModel, data } = await run('gather', { model: spec.model, data: spec.data });
      const packed = { ...spec, data } as PackedSpec;
      refuseUnlabelled(spec, packed);
      return imported(packed, at.store, ofModel);
    });

/** Refuses an address that a server redirects to. */
function refuseElsewhere(url: string, roots: readonly string[]): void {
  if (!roots.some((root) => isWithin(root, url)))
    throw new RemoteError(
      failureTypes.SourceRefused,
      `a server redirects to ${redacted(url)}, which is not in ${roots.join(' or ')}, from which this worker imports (--import-from)`,
    );
}
