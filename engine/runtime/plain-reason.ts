import type { Node } from '../onnx/graph';
import { nameOf } from '../onnx/layers';
import { operatorOf } from '../onnx/shapes';

/** Text that ONNX Runtime puts around the reason of an error: its status, its own source files, and the node. */
const around: readonly RegExp[] = [
  /ONNX Runtime (?:rejected the model|failed to run the model on \w+): /g,
  /\[ONNXRuntimeError\] : \d+ : \w+ : |Fatal error: /g,
  /Load model from \S+ failed: ?/g,
  /Exception during (initialization|loading): /gi,
  /Non-zero status code returned while running \S+ node\. Name:'[^']*' Status Message: /g,
  // A source file, its line and the function, up to the condition that did not hold.
  /\/\S*onnxruntime\S*:\d+ [^]*? was false\.? ?/g,
  /\/\S*onnxruntime\S*:\d+ \S* ?(?:[\w:<>*&, ]+\([^)]*\)(?: const)?(?: \[[^\]]*\])? )?/g,
  /\[(?:Type|Shape)InferenceError\] /g,
  /\n[^]*$/g,
];

/** Longest reason that is passed on, in characters. */
const longest = 300;

/** Words of allocators when a size is more than there is, or more than there can be. */
const shortage =
  /bad[_ ]?alloc|failed to allocate|allocat\w+ failed|length_error|cannot create std::vector|invalid (typed )?array (buffer )?length|integer overflow/i;

/** Tells from an error's message if memory was short, or a size was more than any memory. */
export const isShortage = (message: string): boolean => shortage.test(message);

/** Names a node and its operator for people. */
export const described = (node: Node): string => `node ${nameOf(node)} (${operatorOf(node)})`;

/**
 * Makes a reason for people of ONNX Runtime's message about a failure: without its status codes, source files and
 * functions. The node is left out too: `failedNodeIn` gives it.
 */
export function plainReason(message: string): string {
  if (isShortage(message)) return 'it takes more memory than there is';
  const plain = around.reduce((text, pattern) => text.replace(pattern, ''), message).trim();
  // What still names its code tells users nothing.
  return !plain || /::|onnxruntime/.test(plain) ? 'ONNX Runtime rejects it' : plain.slice(0, longest);
}

/**
 * Finds the node that ONNX Runtime names in its message about a failed run, as `node NAME (OPERATOR)`; undefined if it
 * names none, or one without a name.
 */
export function failedNodeIn(message: string): string | undefined {
  const [, operator, name] = /while running (\S+) node\. Name:'([^']+)'/.exec(message) ?? [];
  return operator === undefined ? undefined : `node ${name} (${operator})`;
}
