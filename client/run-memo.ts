import type { DataRef } from '../contract/activities';
import { costNames, techniqueTraits } from '../engine/names';
import { CompressionSettings } from '../run-spec/spec';
import type { ArtifactRef } from '../store/artifact';
import { canonicalJson } from '../store/digest';
import { points } from '../contract/verdict';
import type { GuidebookInput } from '../contract/run';

/** Bytes of the spec in a memo, which comes with every list of workflows, and in the details, of which the server takes 20 kB. */
const most = { memo: 4_000, details: 12_000 };

/** What is kept of a run beside its history: what was asked for. */
export function memoOf({ name, model, settings }: GuidebookInput): Record<string, unknown> {
  const spec = changed(settings);
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

/** The fields of a spec that do not have their default, as far as they are settings. */
function changed(settings: CompressionSettings): Partial<CompressionSettings> {
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

/** What a run is to do, in a line of at most 400 bytes, which the server takes. */
export const startSummary = ({ name, settings: { target, cost, tolerance } }: GuidebookInput): string =>
  `${name.slice(0, 80)} to ${target} of its ${costNames[cost]}, with a drop of at most ${points(tolerance)}`;

/** What a run was started with, in Markdown, for the Temporal UI. */
export function startDetails({ name, model, data, settings }: GuidebookInput): string {
  const { target, tolerance, techniques, metric, cost, fineTune } = settings;
  const splits = Object.entries(data).map(
    ([split, { images, range }]: [string, DataRef]) =>
      `- ${split}: images of SHA-256 \`${short(images)}\`${range ? `, rows ${range[0]} to ${range[1] - 1}` : ''}`,
  );
  return [
    `**${name}** is to be compressed to ${target} of its ${costNames[cost]} by ${techniques.map((one) => techniqueTraits[one].words).join(' and ')}, with a drop of its ${metric} of at most ${points(tolerance)}; each candidate is fine-tuned for ${fineTune.epochs} epoch${fineTune.epochs === 1 ? '' : 's'}.`,
    `- model: SHA-256 \`${short(model)}\`, ${model.bytes} bytes\n${splits.join('\n')}`,
    `### Settings`,
    `\`\`\`yaml\n${cutAt(yaml(settings).join('\n'), most.details)}\n\`\`\``,
  ].join('\n\n');
}

/** The width of the UI's panel for details, in characters of code. */
const width = 56;

/** Settings as YAML, a field a line; what is too wide for the UI's panel has lines of its own. */
const yaml = (settings: object, indent = ''): string[] =>
  Object.entries(settings).flatMap(([field, value]: [string, unknown]) => {
    const line = `${indent}${field}: ${JSON.stringify(value)}`;
    const isWide =
      line.length > width && typeof value === 'object' && value !== null && !Array.isArray(value);
    return isWide ? [`${indent}${field}:`, ...yaml(value, `${indent}  `)] : [line];
  });

/** Enough of a digest to tell artifacts apart in a narrow column; the input has all of it. */
const short = ({ sha256 }: ArtifactRef) => `${sha256.slice(0, 16)}…`;

/** A text of at most so many bytes, and a sentence where some is left out. */
function cutAt(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const kept = Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD$/, '');
  return `${kept}… cut here: the input of the workflow has all of it`;
}
