import { type Command, Option } from 'commander';

/** Environment variable that names the codec, for workers and commands. */
export const codecVariable = 'SLIMFLOW_CODEC';

/** `--codec`, of every command that talks to a Temporal server. */
const codecOption = (): Option =>
  new Option(
    '--codec <what>',
    'encrypt what Temporal keeps: aes-gcm (keys in SLIMFLOW_CODEC_KEYS), the address of a codec server, or a module',
  ).env(codecVariable);

/** Adds `--codec` to all commands that have a state folder, and so a server. */
export function addCodec(program: Command): void {
  for (const command of program.commands)
    if (command.options.some(({ long }) => long === '--state')) command.addOption(codecOption());
  program.hook('preAction', (_program, command) => {
    const { codec } = command.opts<{ codec?: string }>();
    if (codec !== undefined) process.env[codecVariable] = codec;
  });
}
