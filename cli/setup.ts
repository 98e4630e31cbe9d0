import { Connection } from '@temporalio/client';

import { registerAttributes, type Registration, wordOf } from '../server/register-attributes';
import { existingServer, isCloud, type TemporalServer } from '../server/find-server';
import { attributeKeys } from '../contract/search-attributes';
import { exit } from './exit-status';

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** `slimflow setup`: Slimflow's search attributes on a Temporal server of one's own. */
export async function setup(state: string): Promise<number> {
  const server = await existingServer(state);
  if (!server)
    throw new Error(
      'no Temporal server was found to set up: set TEMPORAL_ADDRESS, or choose a profile by TEMPORAL_PROFILE. One that Slimflow starts needs no set-up',
    );
  say(`Temporal: ${server.found}`);
  const connection = await Connection.connect(server.connection);
  try {
    const registration = await registerAttributes(connection, server.namespace);
    setupLines(registration, server).forEach(say);
    return registration.missing.length ? exit.failed : exit.done;
  } finally {
    await connection.close();
  }
}

/** What a registration came to, in lines for a terminal, and what to do about what could not be added. */
export function setupLines(
  { there, added, missing }: Registration,
  { namespace, connection: { address = '' } }: Pick<TemporalServer, 'namespace' | 'connection'>,
): string[] {
  const lines = attributeKeys.map(({ name, type }) => {
    const said = `${name} (${wordOf(type)})`;
    if (added.includes(name)) return `  added    ${said}`;
    if (there.includes(name)) return `  there    ${said}`;
    return `  missing  ${said}: ${missing.find((one) => one.name === name)?.why}`;
  });
  const head = `Search attributes of namespace ${namespace}:`;
  if (!missing.length) return [head, ...lines];
  return [
    head,
    ...lines,
    'Runs do without those that are missing. Someone who may change the namespace can add them:',
    ...missing.map(({ name, type }) =>
      isCloud(address)
        ? `  tcld namespace search-attributes add --namespace ${namespace} --search-attribute "${name}=${type}"`
        : `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`,
    ),
  ];
}
