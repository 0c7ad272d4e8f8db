import { textOf } from '../support/files.ts';

const FILES = ['docker-compose.yml', 'docker-compose.local.yml', 'README.md'] as const;

/**
 * The commands for Docker, and those beside them, that the Compose files show on lines of their own in the comment at their top, and
 * the README between backquotes or on such lines.
 */
export function shownCommands(): readonly string[] {
  const lines = FILES.flatMap((file) =>
    file === 'README.md'
      ? [...textOf(file).matchAll(/`(docker [^`]+)`|^(docker .+)$/gm)].map(([, inside, whole]) => inside ?? whole ?? '')
      : [...textOf(file).matchAll(/^# {3}((?:docker|curl|export) .*)$/gm)].map(([, line = '']) => line),
  );
  // What a command does stands behind it, with a gap between.
  return [...new Set(lines.map((line) => line.replace(/ {3,}.*$/, '').trim()))];
}
