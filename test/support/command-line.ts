import { Argument, Command, InvalidArgumentError, Option } from 'commander';

/** What may be typed behind a command. That it is a number, a text, a switch or a list of texts is said by its default. */
interface Setting {
  readonly says: string;
  readonly default: number | string | boolean | readonly string[];
  /** What is typed, as help calls it: "ms", "requests/s". Default: "number" or "text". */
  readonly unit?: string;
  /** What help calls the default, where the value itself does not say it. */
  readonly defaultSays?: string;
  /** Typed by itself, without its name before it. */
  readonly bare?: true;
}

type Values<Settings extends Readonly<Record<string, Setting>>> = {
  readonly [Name in keyof Settings]: Widened<Settings[Name]['default']>;
};

type Widened<Value> = Value extends number
  ? number
  : Value extends string
    ? string
    : Value extends boolean
      ? boolean
      : readonly string[];

/**
 * Reads what was typed behind a command of the tests or benchmarks. `--help` prints what there is and ends the process; so does,
 * with a sentence and exit code 1, what there is not.
 *
 * @param typed how the command is typed, for example "npm run test:live".
 * @param says what it does: the first lines of help.
 * @param settings by name; `maxStale` is typed as `--max-stale`.
 */
export function commandLine<Settings extends Readonly<Record<string, Setting>>>(
  typed: string,
  says: string,
  settings: Settings,
): Values<Settings> {
  const command = new Command(typed.startsWith('npm ') ? `${typed} --` : typed)
    .description(says)
    .showHelpAfterError(`Type ${typed}${typed.startsWith('npm ') ? ' --' : ''} --help for what there is.`);
  const bare = Object.keys(settings).filter((name) => settings[name]?.bare);
  for (const [name, setting] of Object.entries(settings)) {
    if (setting.bare) command.addArgument(argumentOf(name, setting));
    else command.addOption(optionOf(name, setting));
  }
  command.parse();
  return { ...command.opts(), ...Object.fromEntries(bare.map((name, index) => [name, command.processedArgs[index]])) };
}

function argumentOf(name: string, setting: Setting): Argument {
  const argument = new Argument(`[${name}]`, setting.says).default(setting.default, setting.defaultSays);
  return typeof setting.default === 'number' ? argument.argParser(numberOf) : argument;
}

function optionOf(name: string, setting: Setting): Option {
  const { default: value, unit = typeof value === 'number' ? 'number' : 'text' } = setting;
  const dashed = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const what = { number: ` <${unit}>`, string: ` <${unit}>`, boolean: '', object: ` <${unit}...>` }[kindOf(value)];
  const option = new Option(`--${dashed}${what}`, setting.says);
  if (value !== false) option.default(value, setting.defaultSays);
  return typeof value === 'number' ? option.argParser(numberOf) : option;
}

function kindOf(value: Setting['default']): 'number' | 'string' | 'boolean' | 'object' {
  return typeof value as 'number' | 'string' | 'boolean' | 'object';
}

function numberOf(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0)
    throw new InvalidArgumentError('Write a number, 0 or more.');
  return number;
}
