/** What editors, consoles, shells and Terraform make of a key that is stored in them, and how it is told: the reason, and the mend. */
interface Disguise {
  readonly found: RegExp;
  /** Follows the name of the text: `secret prod/x …`. */
  readonly reason: string;
  readonly mend: string;
}

/** Blanks that are none of ASCII: those of typesetting, and the one that does not break. */
const BLANK = '\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** Characters that nobody sees. A joiner between the parts of an emoji is seen. */
const INVISIBLE =
  '[\\u00ad\\u200b\\u200c\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u2069\\ufeff]|(?<![\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d';

/** In the order in which they are looked for: the first one that is found is told. */
const DISGUISES: readonly Disguise[] = [
  {
    found: /^(?:[^\0]\0)+$|^(?:\0[^\0])+$/s,
    reason:
      'has a zero byte, a control character, beside each character, as text in UTF-16 has, which PowerShell writes',
    mend: 'store it in UTF-8 (in PowerShell: -Encoding utf8NoBOM)',
  },
  {
    found: /\ufffd/,
    reason: 'holds the character that stands for one that was lost in a wrong encoding',
    mend: 'store it anew, in UTF-8',
  },
  {
    found: /^-----BEGIN /,
    reason: 'is a file in PEM, which has line breaks and so cannot stand in a request',
    mend: 'name the field with the key itself, or a kind of credential that takes a private key',
  },
  {
    found: /^[A-Za-z0-9+/_-]{40,}(?:\r?\n[A-Za-z0-9+/_-]{1,})+={0,2}$/,
    reason: 'is broken into lines, as base64 writes it: a line break may not stand in a header',
    mend: 'store it in one line (base64 -w 0)',
  },
  {
    found: /[\r\n]$/,
    reason: 'ends with more than one line break, or with half of one',
    mend: 'store it without (printf %s, or chomp() around a heredoc of Terraform)',
  },
  {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
    found: /[\x00-\x1f\x7f]/,
    reason: 'holds a line break or another control character, which no header may',
    mend: 'store it without',
  },
  {
    found: new RegExp(INVISIBLE, 'u'),
    reason:
      'holds a character that nobody sees, such as a zero-width blank or a byte order mark, as web pages and chats put in',
    mend: 'copy it anew from where it was made',
  },
  {
    found: new RegExp(`[${BLANK}]`),
    reason:
      'holds a blank that does not break, or another one that is not ASCII, as web pages and word processors put in',
    mend: 'copy it anew from where it was made',
  },
  {
    found: /^ | $/,
    reason: 'begins or ends with a blank',
    mend: 'store it without',
  },
  {
    found: /^"(?:[^"\\]|\\.)*"$|^\\".*\\"$/s,
    reason: 'stands in quotes, as jsonencode of Terraform and a shell leave them',
    mend: 'store it without the quotes around it',
  },
  {
    found: /^'.*'$|^`.*`$|^[\u2018\u201a\u201c\u201e\u00ab].*[\u2018\u2019\u201c\u201d\u00bb]$/s,
    reason: 'stands in quotes',
    mend: 'store it without the quotes around it',
  },
  {
    found: /\\[nr]$/,
    reason: 'ends with a line break that is written as a backslash and a letter',
    mend: 'store it without (printf %s in place of echo)',
  },
  {
    found: /^(?:export )?[A-Z][A-Z0-9]*_[A-Z0-9_]*=[^=]/,
    reason: 'is a whole line of an .env file, the name of a variable among it',
    mend: 'store what stands behind the equals sign',
  },
  {
    found:
      /^(?:(?:replace|change)[ _-]?(?:me|this|it)|to-?do|tbd|fix-?me|placeholder|undefined|null|none|\[?redacted\]?|secret[ _-]here)$/i,
    reason: 'is a placeholder',
    mend: 'store the key itself',
  },
  {
    found: /^(?:(?:insert|enter|put|add)[ _-])?your[ _-](?:\w+[ _-])*(?:key|token|secret|password)(?:[ _-]here)?$/i,
    reason: 'is a placeholder',
    mend: 'store the key itself',
  },
  {
    found: /^(?:<[^<>]*>|\{\{.*\}\}|\$\{.*\}|\$\(.*\)|%\w+%)$/,
    reason: 'is a placeholder that nobody has replaced',
    mend: 'store the key itself',
  },
  {
    found: /(?:\u2026|\.{3})$/,
    reason: 'ends with dots, as documentation and consoles shorten keys',
    mend: 'store the whole key',
  },
  {
    found: /[\u2022\u25cf]{3}|\*{6}|^[x*]{4,}$/i,
    reason: 'is masked, as consoles show keys',
    mend: 'store the key itself',
  },
];

/** In what way a text is not the key that was meant; undefined when it may be one. Never quotes it. */
export function disguiseOf(text: string): Pick<Disguise, 'reason' | 'mend'> | undefined {
  return DISGUISES.find(({ found }) => found.test(text)) ?? (isEncoded(text) ? ENCODED : undefined);
}

const ENCODED = {
  reason: 'is a key that was put into base64 once more, as the files of Kubernetes have it',
  mend: 'store it as its vendor gave it',
};

/**
 * How a text begins, or ends, that was a key before it was put into base64. Other text that can be read does not count: some vendors
 * make their keys of it.
 */
const WAS_A_KEY =
  /^(?:sk[-_]|pk_live_|rk_live_|gh[pousr]_|github_pat_|glpat-|xox[abp]-|hf_|AIza|Bearer |-----BEGIN )[ -~\r\n]+$|^[!-~]{8,}\r?\n$/;

function isEncoded(text: string): boolean {
  if (!/^[A-Za-z0-9+/]{12,}={0,2}$/.test(text) || text.length % 4 !== 0) return false;
  const bytes = Buffer.from(text, 'base64');
  const is = WAS_A_KEY.test(bytes.toString('latin1'));
  bytes.fill(0);
  return is;
}
