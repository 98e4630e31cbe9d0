import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { metricsExporter } from '../../cli/telemetry';
import { startGuidebook } from '../../client/start-guidebook';
import { loadSpec } from '../../run-spec/load';
import { FileStore } from '../../store/file-store';
import { inFolder } from '../support/folder';
import { root } from '../support/paths';
import { freePort } from '../support/served';
import { temporal } from '../support/temporal';
import { tinyJob } from '../support/tiny';
import { until } from '../support/until';
import { WorkerProcess } from '../support/worker-process';

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}
const dashboard = JSON.parse(
  readFileSync(join(root, 'deploy', 'grafana', 'slimflow.json'), 'utf8'),
) as Dashboard;
const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** Metrics in a query, each with the labels that are asked of it or that it is summed by. */
function asked(query: string): { readonly name: string; readonly labels: readonly string[] }[] {
  const by = [...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) =>
    list.split(',').map((one) => one.trim()),
  );
  return [...query.matchAll(/\b((?:slimflow|temporal)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name, matchers = '']) => ({
      name,
      labels: [...by, ...[...matchers.matchAll(/(\w+)=~?"/g)].map(([, label]) => label)],
    }),
  );
}

/** Labels of each metric in Prometheus' text. */
function exported(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [, name, labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const known = found.get(name) ?? new Set<string>();
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label);
    found.set(name, known);
  }
  return found;
}

/** Needs a GPU, or a server that is away. */
const elsewhere = /^(slimflow_gpu_|slimflow_failures|temporal_(long_)?request_failure)/;

it('a worker exports every metric that the dashboard asks for, with its labels', () =>
  inFolder(async (folder) => {
    const server = await temporal();
    const place = join(folder, 'store');
    const port = await freePort();
    const worker = await WorkerProcess.start(
      { address: server.address },
      '--store',
      place,
      '--task-queue',
      'metrics',
      '--metrics-port',
      String(port),
    );
    const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    try {
      const spec = loadSpec(tinyJob(folder, { techniques: ['spatial-svd'], ssvdTargets: [0.5] }));
      const { handle } = await startGuidebook(server.client, spec, {
        store: new FileStore(place),
        taskQueue: 'metrics',
      });
      await handle.result();
      await until(async () => /^slimflow_jobs_running 0$/m.test(await scrape()));
      const there = exported(await scrape());
      expect(queries.length).toBeGreaterThan(10);
      for (const { name, labels } of queries.flatMap(asked)) {
        if (elsewhere.test(name)) continue;
        const known = there.get(name);
        expect([name, known !== undefined]).toEqual([name, true]);
        const missing = labels.filter((label) => label !== 'le' && !known!.has(label));
        expect([name, missing]).toEqual([name, []]);
      }
      // Work takes up to days.
      expect(await scrape()).toMatch(/^slimflow_job_duration_seconds_bucket.*le="86400"/m);
      expect(await scrape()).toMatch(
        /^slimflow_jobs_total\{.*activityType="fineTune".*ending="done".*\} [1-9]/m,
      );
    } finally {
      worker.kill('SIGKILL');
      await worker.ended;
      await server.teardown();
    }
  }));

it('metrics are off unless a port or a collector is named', () => {
  expect(metricsExporter(undefined, undefined, {})).toBeUndefined();
  expect(metricsExporter(9000, '0.0.0.0', {})).toMatchObject({ prometheus: { bindAddress: '0.0.0.0:9000' } });
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
  expect(metricsExporter(undefined, undefined, endpoint)).toMatchObject({
    otel: { url: 'http://collector:4318', http: false },
  });
  const http = { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' };
  expect(metricsExporter(undefined, undefined, http)).toMatchObject({
    otel: { url: 'http://collector:4318/v1/metrics', http: true },
  });
  expect(metricsExporter(undefined, undefined, { ...endpoint, OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
});
