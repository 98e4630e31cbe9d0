import { Connection } from '@temporalio/client';

import { registerAttributes, type Registration, wordOf } from '../server/register-attributes';
import { existingServer, isCloud, type TemporalServer } from '../server/find-server';
import { attributeKeys } from '../contract/search-attributes';
import { exitStatus } from './exit-status';
import { visibleLines } from '../engine/visible';

const say = (line: string) => void process.stdout.write(visibleLines(`${line}\n`));

/** `slimflow setup`: adds Slimflow's search attributes to the user's own Temporal server. */
export async function setup(state: string): Promise<number> {
  const server = await existingServer(state);
  if (!server)
    throw new Error(
      'no Temporal server found to set up: set TEMPORAL_ADDRESS, or choose a profile with TEMPORAL_PROFILE; a server that Slimflow starts needs no setup',
    );
  say(`Temporal: ${server.found}`);
  const connection = await Connection.connect(server.connection);
  try {
    const registration = await registerAttributes(connection, server.namespace);
    setupLines(registration, server).forEach(say);
    return registration.missing.length ? exitStatus.failed : exitStatus.done;
  } finally {
    await connection.close();
  }
}

/** Describes a registration in lines for a terminal, with what to do about attributes that could not be added. */
export function setupLines(
  { there, added, missing }: Registration,
  { namespace, connection: { address = '' } }: Pick<TemporalServer, 'namespace' | 'connection'>,
): string[] {
  const lines = attributeKeys.map(({ name, type }) => {
    const attribute = `${name} (${wordOf(type)})`;
    if (added.includes(name)) return `  added    ${attribute}`;
    if (there.includes(name)) return `  exists   ${attribute}`;
    return `  missing  ${attribute}: ${missing.find((one) => one.name === name)?.why}`;
  });
  const head = `Search attributes of namespace ${namespace}:`;
  if (!missing.length) return [head, ...lines];
  return [
    head,
    ...lines,
    'Runs work without the missing ones. Someone who may change the namespace can add them:',
    ...missing.map(({ name, type }) =>
      isCloud(address)
        ? `  tcld namespace search-attributes add --namespace ${namespace} --search-attribute "${name}=${type}"`
        : `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`,
    ),
  ];
}
