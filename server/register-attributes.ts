import type { ConnectionLike } from '@temporalio/client';

import { attributeKeys, type AttributeName } from '../contract/search-attributes';

/** Long enough for a busy server on a busy machine, in ms, short enough that nobody waits in vain. */
const patienceMs = 20_000;

/** gRPC's status code. */
const invalidArgument = 3;

/** A search attribute that a namespace lacks, and why. */
export interface Missing {
  readonly name: AttributeName;
  readonly type: string;
  readonly why: string;
}

/** Result of a registration. */
export interface Registration {
  readonly there: readonly AttributeName[];
  readonly added: readonly AttributeName[];
  readonly missing: readonly Missing[];
}

/** Types of a namespace's own search attributes, by name, as `KEYWORD`, `DOUBLE`, … */
type Known = ReadonlyMap<string, string>;

/**
 * Lists Slimflow's search attributes that a namespace has, each with the required type. None if the server does not
 * say: a run works without them.
 */
export async function usableAttributes(
  connection: ConnectionLike,
  namespace: string,
): Promise<readonly AttributeName[]> {
  const known = await knownAttributes(connection, namespace).catch((): Known => new Map());
  return attributeKeys.filter(({ name, type }) => known.get(name) === type).map(({ name }) => name);
}

/** Tells if a server rejected a call because of a search attribute that it does not know. */
export function isAboutAttributes(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: number; details?: string } };
  return cause?.code === invalidArgument && /search attribute/i.test(cause.details ?? '');
}

/**
 * Adds those of Slimflow's search attributes that a namespace lacks; existing ones are kept. If one can't be added, the
 * others still are.
 * @throws Error if the server can't say what it has
 * @example
 * ```ts
 * import { registerAttributes } from 'slimflow';
 *
 * const { added, missing } = await registerAttributes(client.connection, 'default');
 * console.log(added, missing.map(({ name, why }) => `${name}: ${why}`));
 * ```
 */
export async function registerAttributes(
  connection: ConnectionLike,
  namespace: string,
): Promise<Registration> {
  const known = await knownAttributes(connection, namespace);
  const there: AttributeName[] = [];
  const added: AttributeName[] = [];
  const missing: Missing[] = [];
  for (const { name, type } of attributeKeys) {
    const has = known.get(name);
    if (has === type) there.push(name);
    else if (has)
      missing.push({
        name,
        type: wordOf(type),
        why: `the namespace already has one of that name, of type ${wordOf(has)}`,
      });
    else {
      const why = await problemOf(() => add(connection, namespace, name, type));
      if (why === undefined) added.push(name);
      else missing.push({ name, type: wordOf(type), why });
    }
  }
  return { there, added, missing };
}

const add = (connection: ConnectionLike, namespace: string, name: string, type: string) =>
  connection.withDeadline(Date.now() + patienceMs, () =>
    connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { [name]: typeNames.indexOf(type) },
    }),
  );

/** Returns the server's message if a call failed; undefined if it succeeded. */
const problemOf = (call: () => Promise<unknown>): Promise<string | undefined> =>
  call().then(
    () => undefined,
    (error: Error & { details?: string }) => error.details || error.message,
  );

/** Spells types as the Temporal CLI does: `Keyword`, `KeywordList`. */
export const wordOf = (type: string): string =>
  type
    .toLowerCase()
    .split('_')
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join('');

async function knownAttributes(connection: ConnectionLike, namespace: string): Promise<Known> {
  return connection.withDeadline(Date.now() + patienceMs, async () => {
    try {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      return new Map(Object.entries(customAttributes).map(([name, type]) => [name, typeNames[type]]));
    } catch {
      // Temporal Cloud, or a role without operator rights: the namespace itself lists the names, and the columns they
      // map to give the types. A server that can't be reached fails here again.
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      const aliases = Object.entries(config?.customSearchAttributeAliases ?? {});
      return new Map(aliases.map(([column, name]) => [name, typeOfColumn(column)]));
    }
  });
}

/** In the order of Temporal's IndexedValueType. */
const typeNames = ['', 'TEXT', 'KEYWORD', 'INT', 'DOUBLE', 'BOOL', 'DATETIME', 'KEYWORD_LIST'];

/** Returns the type of a visibility store's column: `Keyword01`, `KeywordList02`, `Double03`. */
function typeOfColumn(column: string): string {
  const word = column.replace(/\d+$/, '');
  return typeNames.find((type) => type && wordOf(type) === word) ?? '';
}
