import type { Command } from 'commander';

/** Shells that a completion can be written for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
/** Name of a shell. */
export type Shell = (typeof shells)[number];

/** An option of a command: what can be typed for it. */
interface CompletedOption {
  /** `--out`, `-V`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** Values that it takes; empty if any. */
  readonly choices: readonly string[];
}

/** A command: what can be typed after it. */
interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** Values of its first argument; empty if any, as for files. */
  readonly choices: readonly string[];
}

/** Writes the script that completes commands, options and their values in a shell, from the commands themselves. */
export function completionScript(shell: Shell, program: Command): string {
  const commands = commandsOf(program);
  return { bash, zsh, fish }[shell](commands);
}

function commandsOf(program: Command): CompletedCommand[] {
  const help = program.createHelp();
  const described = program.commands.map((command): CompletedCommand => ({
    name: command.name(),
    description: command.description(),
    options: help
      .visibleOptions(command)
      .map(({ short, long, description, required, optional, argChoices }) => ({
        flags: [short, long].filter((flag) => flag !== undefined),
        description,
        takesValue: required || optional,
        choices: argChoices ?? [],
      })),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  }));
  const names = described.map(({ name }) => name);
  return [
    ...described,
    { name: 'help', description: 'show help for a command', options: [], choices: names },
  ];
}

/** Quotes a text for a shell, on one line. */
const quoted = (text: string): string => `'${text.replaceAll(/\s+/g, ' ').replaceAll("'", "'\\''")}'`;

const flagsOf = ({ options }: CompletedCommand): string => options.flatMap(({ flags }) => flags).join(' ');

function bash(commands: readonly CompletedCommand[]): string {
  const perCommand = commands.map((command) => {
    const { name, options, choices } = command;
    const values = options
      .filter(({ takesValue }) => takesValue)
      .map(
        (option) =>
          `        ${option.flags.join('|')}) ${option.choices.length ? `words=${quoted(option.choices.join(' '))}` : 'files=1'} ;;`,
      );
    const rest = `if [[ $current == -* ]]; then words=${quoted(flagsOf(command))}; else ${choices.length ? `words=${quoted(choices.join(' '))}` : 'files=1'}; fi`;
    return [
      `    ${name})`,
      '      case $previous in',
      ...values,
      `        *) ${rest} ;;`,
      '      esac ;;',
    ].join('\n');
  });
  return `# Completion of slimflow for bash: source <(slimflow completion bash)
_slimflow() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words='' files=''
  if (( COMP_CWORD == 1 )); then
    words=${quoted([...commands.map(({ name }) => name), '--help', '--version'].join(' '))}
  else case \${COMP_WORDS[1]} in
${perCommand.join('\n')}
  esac; fi
  if [[ $files ]]; then mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"); fi
}
complete -o filenames -F _slimflow slimflow
`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const escaped = (text: string) => text.replaceAll(/([:[\]\\])/g, '\\$1');
  const value = (choices: readonly string[]) =>
    choices.length ? `:value:(${choices.join(' ')})` : ':value:_files';
  const perCommand = commands.map(({ name, options, choices }) => {
    const specs = options.flatMap(({ flags, description, takesValue, choices: own }) =>
      flags.map((flag) => quoted(`${flag}[${escaped(description)}]${takesValue ? value(own) : ''}`)),
    );
    return `    ${name}) _arguments ${[...specs, quoted(choices.length ? `*:value:(${choices.join(' ')})` : '*:file:_files')].join(' ')} ;;`;
  });
  return `#compdef slimflow
# Completion of slimflow for zsh: source <(slimflow completion zsh)
_slimflow() {
  local -a commands=(${commands.map(({ name, description }) => quoted(`${name}:${escaped(description)}`)).join(' ')})
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
${perCommand.join('\n')}
  esac
}
compdef _slimflow slimflow
`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, description, options, choices }) => {
    const inside = `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    return [
      `complete -c slimflow -f -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
      ...(choices.length ? [`complete -c slimflow -f ${inside} -a ${quoted(choices.join(' '))}`] : []),
      ...options.map(({ flags, description: words, takesValue, choices: own }) =>
        [
          'complete -c slimflow',
          inside,
          ...flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)),
          takesValue ? (own.length ? `-x -a ${quoted(own.join(' '))}` : '-r') : '',
          `-d ${quoted(words)}`,
        ]
          .filter(Boolean)
          .join(' '),
      ),
    ];
  });
  return `# Completion of slimflow for fish: slimflow completion fish | source\n${lines.join('\n')}\n`;
}
