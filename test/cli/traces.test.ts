import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expectStatus, slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { temporal } from '../support/temporal';
import { tinyJob } from '../support/tiny';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}
interface Sent {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

it('one trace leads from the command through the workflows to the activities', () =>
  inFolder(async (folder) => {
    const spans: Span[] = [];
    const collector = createServer((request, response) => {
      let body = '';
      request.on('data', (data) => (body += String(data)));
      request.on('end', () => {
        const { resourceSpans } = JSON.parse(body) as Sent;
        spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans)));
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const server = await temporal();
    try {
      const job = tinyJob(folder, { techniques: ['spatial-svd'], ssvdTargets: [0.5] });
      const ran = await slimflow(folder, ['run', job], undefined, {
        TEMPORAL_ADDRESS: server.address,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`,
      });
      expectStatus(ran, 0);
      const start = spans.find(({ name }) => name === 'StartWorkflow:guidebook')!;
      const ofRun = spans.filter(({ traceId }) => traceId === start.traceId);
      const names = new Set(ofRun.map(({ name }) => name));
      for (const name of [
        'RunWorkflow:guidebook',
        'RunWorkflow:candidate',
        'RunActivity:fineTune',
        'RunActivity:evaluate',
      ])
        expect([name, names.has(name)]).toEqual([name, true]);
      const ids = new Set(ofRun.map(({ spanId }) => spanId));
      const orphans = ofRun.filter((span) => span !== start && !ids.has(span.parentSpanId ?? ''));
      expect(orphans.map(({ name }) => name)).toEqual([]);
    } finally {
      await server.teardown();
      collector.closeAllConnections();
      collector.close();
    }
  }));
