import type { ProvenanceData } from '../data/provenance';
import { count } from './figures';
import { escapedLines, markup, type Html } from './html';
import { table } from './table';

/** Writes what made the result, and how to make it again. */
export function provenanceSection(
  { workflowId, runId, startedAt, endedAt, makers, workers, files, spec, filledIn, commands }: ProvenanceData,
  missing: readonly string[],
): Html {
  const code = (title: string, text: string, open: boolean) =>
    markup`<details${open && markup` open`}><summary>${title}</summary><pre tabindex="0"><code>${escapedLines(text)}</code></pre></details>`;
  return markup`<p>
      Run <code>${workflowId}</code>, execution${' '}<code>${runId}</code>${startedAt && `, from ${startedAt} to ${endedAt}`}.
    </p>
    ${workers.length > 0 && markup`<p>Workers: ${workers.join(', ')}.</p>`}
    ${
      makers.length > 0 &&
      table(
        'Versions and devices',
        [
          { name: 'Slimflow' },
          { name: 'engine' },
          { name: 'ONNX Runtime' },
          { name: 'provider' },
          { name: 'device' },
          { name: 'did' },
        ],
        makers.map(({ version, engine, onnxruntime, provider, device, did }) => [
          version,
          engine,
          onnxruntime,
          provider,
          device,
          did.join(', '),
        ]),
      )
    }
    ${
      files.length > 0 &&
      table(
        'Files by content',
        [{ name: 'file' }, { name: 'bytes', numeric: true }, { name: 'SHA-256' }],
        files.map(({ what, bytes, sha256 }) => [what, count(bytes), markup`<code>${sha256}</code>`]),
      )
    }
    ${spec !== undefined && code('The settings that differ from their defaults', spec, true)}
    ${filledIn !== undefined && code('All settings', filledIn, false)}
    ${code('Commands', commands.join('\n'), true)}
    ${
      missing.length > 0 &&
      markup`<h3>Not in this report</h3>
        <ul>
          ${missing.map((one) => markup`<li>${one}</li>`)}
        </ul>`
    }`;
}
