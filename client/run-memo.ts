import type { DataRef } from '../contract/activities';
import { costNames, metricWords, techniqueTraits } from '../engine/names';
import { visible } from '../engine/visible';
import { CompressionSettings } from '../run-spec/spec';
import type { ArtifactRef } from '../store/artifact';
import { canonicalJson } from '../store/digest';
import { points } from '../contract/verdict';
import type { GuidebookInput } from '../contract/run';

/**
 * Most bytes of the spec in a memo, which comes with every list of workflows, and in the details, for which the
 * server's limit is 20 kB.
 */
const most = { memo: 4_000, details: 12_000 };

/** Builds the memo of a run: a description of what was requested. */
export function memoOf({ name, model, settings }: GuidebookInput): Record<string, unknown> {
  const spec = changedSettings(settings);
  const text = JSON.stringify(spec);
  return {
    model: name,
    modelSha256: model.sha256,
    target: settings.target,
    tolerance: settings.tolerance,
    techniques: settings.techniques,
    spec: Buffer.byteLength(text) <= most.memo ? spec : cutAt(text, most.memo),
  };
}

/** Returns the settings of a spec that differ from their defaults, with target and tolerance in any case. */
export function changedSettings(settings: CompressionSettings): Partial<CompressionSettings> {
  const { target, tolerance } = settings;
  const defaults = CompressionSettings.parse({ target, tolerance });
  const same = (field: keyof CompressionSettings) =>
    field !== 'target' &&
    field !== 'tolerance' &&
    canonicalJson(settings[field] ?? null) === canonicalJson(defaults[field] ?? null);
  return Object.fromEntries(
    Object.entries(settings).filter(([field]) => !same(field as keyof CompressionSettings)),
  );
}

/** Summarizes a run's goal in one line of at most 400 bytes, the server's limit. */
export const startSummary = ({ name, settings: { target, cost, tolerance } }: GuidebookInput): string =>
  `${name.slice(0, 80)} to ${target} of its ${costNames[cost]}, with a drop of at most ${points(tolerance)}`;

/** Describes a run's input in Markdown, for the Temporal UI. */
export function startDetails({ name, model, data, settings }: GuidebookInput): string {
  const { target, tolerance, techniques, metric, cost, fineTune } = settings;
  const splits = Object.entries(data).map(
    ([split, { images, range }]: [string, DataRef]) =>
      `- ${split}: images of SHA-256 \`${short(images)}\`${range ? `, rows ${range[0]} to ${range[1] - 1}` : ''}`,
  );
  return [
    `**${name}** is to be compressed to ${target} of its ${costNames[cost]} by ${techniques.map((one) => techniqueTraits[one].words).join(' and ')}, with a drop of its ${metricWords(metric)} of at most ${points(tolerance)}; each candidate is fine-tuned ${fineTune.by ? `by activity ${visible(fineTune.by.activity)}` : `for ${fineTune.epochs} epoch${fineTune.epochs === 1 ? '' : 's'}`}.`,
    `- model: SHA-256 \`${short(model)}\`, ${model.bytes} bytes\n${splits.join('\n')}`,
    `### Settings`,
    `\`\`\`yaml\n${cutAt(yaml(settings).join('\n'), most.details)}\n\`\`\``,
  ].join('\n\n');
}

/** Width of the UI's panel for details, in characters of code. */
const width = 56;

/** Formats settings as YAML, one field per line; what is too wide for the UI's panel is split into lines. */
const yaml = (settings: object, indent = ''): string[] =>
  Object.entries(settings).flatMap(([field, value]: [string, unknown]) => {
    const line = `${indent}${field}: ${JSON.stringify(value)}`;
    const isWide =
      line.length > width && typeof value === 'object' && value !== null && !Array.isArray(value);
    return isWide ? [`${indent}${field}:`, ...yaml(value, `${indent}  `)] : [line];
  });

/** Shortens a digest for a narrow column; the input has all of it. */
const short = ({ sha256 }: ArtifactRef) => `${sha256.slice(0, 16)}…`;

/** Truncates a text to a number of bytes, with a sentence that says so. */
function cutAt(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const kept = Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD$/, '');
  return `${kept}… truncated: see the workflow's input for the rest`;
}
