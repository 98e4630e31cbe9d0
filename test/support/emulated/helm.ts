import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { root } from '../paths';

const execute = promisify(execFile);
const version = 'v3.18.4';

/** Renders the chart as `helm install slimflow` would; Helm is built with Go once, as `deploy/check.sh` does. */
export async function rendered(values: readonly string[]): Promise<string> {
  const tools = process.env.SLIMFLOW_TOOLS ?? join(root, '.slimflow', 'tools');
  const helm = join(tools, 'helm');
  if (!existsSync(helm))
    await execute('go', ['install', `helm.sh/helm/v3/cmd/helm@${version}`], {
      env: { ...process.env, GOBIN: tools },
    });
  const chart = join(root, 'deploy', 'helm', 'slimflow');
  const sets = values.flatMap((value) => ['--set', value]);
  const args = ['template', 'slimflow', chart, '--kube-version', '1.33.0'].concat(sets);
  return (await execute(helm, args)).stdout;
}
