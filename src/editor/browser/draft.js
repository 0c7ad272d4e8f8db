import { h } from './dom.js';

/**
 * The lines of the file that change, as they will be written.
 *
 * @param {readonly { line: number, lines: string[] }[]} hunks
 */
export function diff(hunks) {
  const texts = hunks.flatMap(({ lines }) => lines.map((line) => line.slice(1))).filter((text) => text.trim() !== '');
  // Routes stand deep in the file.
  const indentation = Math.min(...texts.map((text) => text.search(/\S/)));
  return h(
    'pre',
    { class: 'diff', tabindex: 0 },
    hunks.map((hunk, index) => {
      let line = hunk.line;
      return h(
        'span',
        { class: index > 0 ? 'hunk apart' : 'hunk' },
        hunk.lines.map((text) => {
          const [sign, rest] = [text.slice(0, 1), text.slice(1 + indentation)];
          const kind = sign === '+' ? 'more' : sign === '-' ? 'less' : 'same';
          const number = sign === '-' ? '' : String(line);
          if (sign !== '-') line += 1;
          return h(
            'span',
            { class: `row ${kind}` },
            h('span', { class: 'number', 'aria-hidden': 'true' }, number),
            h('span', { class: 'sign' }, sign === ' ' ? '' : sign),
            h('span', { class: 'text' }, `${rest}\n`),
          );
        }),
      );
    }),
  );
}

/**
 * What is to be said of a draft and of no single field.
 *
 * @param {readonly { severity: string, message: string }[]} remarks
 */
export function remarkList(remarks) {
  return (
    remarks.length > 0 &&
    h(
      'ul',
      { class: 'remarks', role: 'alert' },
      remarks.map(({ severity, message }) => h('li', { class: severity }, message)),
    )
  );
}
